import type { CertificateAuthority, CertificateAuthorityOptions } from './certificate-authority.js'
import type { CertificateRequest } from './certificate-request.js'
import { toDistinguishedName } from './distinguished-name.js'
import { createCaExtensions } from './extensions.js'
import { issueCertificate } from './issue-certificate.js'
import { createKeyPair, toPkcs8Pem } from './key-pair.js'
import { type Signer, signCertificate, toCertificatePem } from './sign-certificate.js'
import { toValidity } from './validity.js'

const CA_DAYS = 3650

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
