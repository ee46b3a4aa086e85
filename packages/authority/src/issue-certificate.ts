import { type SubjectOptions, toDistinguishedName } from './distinguished-name.js'
import {
  type CertificateUsage,
  createLeafExtensions,
  type RawExtension,
  type SubjectAlternativeNames,
  withRawExtensions,
} from './extensions.js'
import { createKeyPair, type KeyAlgorithm, toPkcs8Pem } from './key-pair.js'
import { type Signer, signCertificate, toCertificatePem } from './sign-certificate.js'
import { toValidity, type ValidityOptions } from './validity.js'

const LEAF_DAYS = 30

/** What a certificate should say. */
export interface CertificateRequest
  extends SubjectOptions,
    SubjectAlternativeNames,
    ValidityOptions {
  /** Extended key usage: `client` is clientAuth, `server` is serverAuth. */
  readonly usage: CertificateUsage
  /** Default `ec-p256`. */
  readonly algorithm?: KeyAlgorithm
  /** Raw DER, replacing what would be generated; an OID given twice is encoded twice. */
  readonly extensions?: readonly RawExtension[]
}

/** A certificate with its key. */
export interface IssuedCertificate {
  /** The leaf, in PEM. */
  readonly certificate: string
  /** PKCS#8 PEM, not encrypted. */
  readonly key: string
  /** The leaf and the intermediates above it, in PEM: what a server or client presents. */
  readonly chain: string
}

/**
 * Issues a leaf certificate with a fresh key.
 *
 * Names are encoded as given and not judged, and the leaf may outlive its CA: tests need hostile
 * certificates. Whoever issues on behalf of others checks both first.
 *
 * @throws {TypeError} when `cn` and `subject` are both given or a name cannot be encoded
 * @throws {RangeError} when the validity is not one
 */
export async function issueCertificate(
  signer: Signer,
  request: CertificateRequest,
): Promise<IssuedCertificate> {
  const subject = toDistinguishedName(request)
  const validity = toValidity(request, LEAF_DAYS)
  const { privateKey, publicKey } = await createKeyPair(request.algorithm ?? 'ec-p256')
  const generated = await createLeafExtensions({
    usage: request.usage,
    names: request,
    publicKey,
    hasSubject: subject.toJSON().length > 0,
    issuer: signer.certificate,
  })
  const extensions = withRawExtensions(generated, request.extensions ?? [])
  const issuer = signer.certificate.subjectName
  const signed = await signCertificate(
    { subject, issuer, publicKey, validity, extensions },
    signer.key,
  )
  const certificate = toCertificatePem(signed)
  return Object.freeze({
    certificate,
    key: toPkcs8Pem(privateKey),
    chain: certificate + signer.chain,
  })
}
