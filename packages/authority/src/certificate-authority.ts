import { toDistinguishedName } from './distinguished-name.js'
import { createCaExtensions } from './extensions.js'
import {
  type CertificateRequest,
  type IssuedCertificate,
  issueCertificate,
} from './issue-certificate.js'
import { createKeyPair, toPkcs8Pem } from './key-pair.js'
import { type Signer, signCertificate, toCertificatePem } from './sign-certificate.js'
import { toValidity, type ValidityOptions } from './validity.js'

const CA_DAYS = 3650

/** How a certificate authority is named and how long it lasts. */
export interface CertificateAuthorityOptions extends ValidityOptions {
  /** The CN of its certificate. */
  readonly name?: string
  /** How many intermediates may stand below it; unlimited if absent. */
  readonly pathLength?: number
}

/** A certificate authority held in memory. */
export interface CertificateAuthority {
  /** PEM of the certificate of the authority itself. */
  readonly certificate: string
  /** PKCS#8 PEM, not encrypted. */
  readonly key: string
  /** PEM of the intermediates from this authority up to, excluding, the root; empty for a root. */
  readonly chain: string
  /** Issues a leaf certificate with a fresh key. */
  readonly issue: (request: CertificateRequest) => Promise<IssuedCertificate>
  /** Creates an intermediate authority below this one. */
  readonly child: (options?: CertificateAuthorityOptions) => Promise<CertificateAuthority>
}

/** Creates the key and certificate of an authority: a root without `parent`, else an intermediate. */
export async function createSigner(
  options: CertificateAuthorityOptions & { readonly name: string },
  parent?: Signer,
): Promise<Signer> {
  const subject = toDistinguishedName({ cn: options.name })
  const validity = toValidity(options, CA_DAYS)
  const { privateKey, publicKey } = await createKeyPair('ec-p256')
  const extensions = await createCaExtensions({
    publicKey,
    ...(options.pathLength === undefined ? {} : { pathLength: options.pathLength }),
    ...(parent === undefined ? {} : { issuer: parent.certificate }),
  })
  const issuer = parent?.certificate.subjectName ?? subject
  const certificate = await signCertificate(
    { subject, issuer, publicKey, validity, extensions },
    parent?.key ?? privateKey,
  )
  const chain = parent === undefined ? '' : toCertificatePem(certificate) + parent.chain
  return Object.freeze({ certificate, key: privateKey, chain })
}

export function toCertificateAuthority(signer: Signer): CertificateAuthority {
  return Object.freeze({
    certificate: toCertificatePem(signer.certificate),
    key: toPkcs8Pem(signer.key),
    chain: signer.chain,
    issue: (request: CertificateRequest) => issueCertificate(signer, request),
    child: async (options: CertificateAuthorityOptions = {}) =>
      toCertificateAuthority(
        await createSigner({ name: 'mcp-mtls intermediate CA', ...options }, signer),
      ),
  })
}
