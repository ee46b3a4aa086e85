import type { CertificateRequest, IssuedCertificate } from './certificate-request.js'
import { toDistinguishedName } from './distinguished-name.js'
import { createLeafExtensions, withRawExtensions } from './extensions.js'
import { createKeyPair, toPkcs8Pem } from './key-pair.js'
import { type Signer, signCertificate, toCertificatePem } from './sign-certificate.js'
import { toValidity } from './validity.js'

const LEAF_DAYS = 30

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
