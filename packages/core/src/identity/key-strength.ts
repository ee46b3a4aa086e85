import { createPublicKey } from 'node:crypto'
import type { AlgorithmIdentifier, Certificate, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { toDer } from './der.js'

const minimumRsaBits = 2048
const rsa: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.1', // rsaEncryption
  '1.2.840.113549.1.1.10', // RSASSA-PSS
])
const edwards: ReadonlySet<string> = new Set([
  '1.3.101.112', // Ed25519
  '1.3.101.113', // Ed448
])
const ecPublicKey = '1.2.840.10045.2.1'
/** DER of the object identifiers; parameters that spell a curve out instead are none of these. */
const namedCurves: ReadonlySet<string> = new Set([
  '06082a8648ce3d030107', // P-256
  '06052b81040022', // P-384
  '06052b81040023', // P-521
])

/** Signature algorithms with a hash of the SHA-2 family, and EdDSA (RFC 4055, 5758, 8410). */
const signatureAlgorithms: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.11', // sha256WithRSAEncryption
  '1.2.840.113549.1.1.12', // sha384WithRSAEncryption
  '1.2.840.113549.1.1.13', // sha512WithRSAEncryption
  '1.2.840.10045.4.3.2', // ecdsa-with-SHA256
  '1.2.840.10045.4.3.3', // ecdsa-with-SHA384
  '1.2.840.10045.4.3.4', // ecdsa-with-SHA512
  ...edwards,
])
const rsassaPss = '1.2.840.113549.1.1.10'
/**
 * DER of RSASSA-PSS-params that begin with an explicit SHA-256, SHA-384 or SHA-512; left out, the hash
 * is SHA-1 (RFC 4055 section 3.1).
 */
const pssWithSha2 = /^30[0-7].a0..30..0609608648016503040(201|202|203)/

/**
 * Verifies the algorithms of a peer certificate against a floor that does not depend on the security
 * level OpenSSL was built or configured with: RSA of 2048 bits, P-256, P-384, P-521, Ed25519 or Ed448,
 * signed with SHA-2 or EdDSA. What is not listed is refused.
 *
 * @throws {CertificateError} with reason `weak-key`, or `malformed` when the certificate names two
 * signature algorithms
 */
export function verifyStrength(certificate: Certificate): void {
  const { signatureAlgorithm, tbsCertificate } = certificate
  // RFC 5280 section 4.1.1.2: both fields must agree, and only one of them is signed.
  if (!signatureAlgorithm.isEqual(tbsCertificate.signature)) {
    throw new CertificateError('malformed', 'certificate names two signature algorithms')
  }
  if (!isStrongSignature(signatureAlgorithm)) {
    throw new CertificateError(
      'weak-key',
      `signature algorithm ${signatureAlgorithm.algorithm} is not accepted`,
    )
  }
  if (!isStrongKey(tbsCertificate.subjectPublicKeyInfo)) {
    throw new CertificateError('weak-key', 'public key is too short or of a kind not accepted')
  }
}

/** Whether an algorithm that signed a certificate is listed above. */
export function isStrongSignature({ algorithm, parameters }: AlgorithmIdentifier): boolean {
  if (algorithm !== rsassaPss) return signatureAlgorithms.has(algorithm)
  return pssWithSha2.test(toHex(parameters))
}

/**
 * Whether a public key is listed above.
 *
 * @throws {CertificateError} with reason `malformed` when an RSA key cannot be parsed
 */
export function isStrongKey(key: SubjectPublicKeyInfo): boolean {
  const { algorithm, parameters } = key.algorithm
  if (algorithm === ecPublicKey) return namedCurves.has(toHex(parameters))
  if (rsa.has(algorithm)) return readRsaBits(toDer(key)) >= minimumRsaBits
  return edwards.has(algorithm)
}

function readRsaBits(spki: Buffer): number {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return key.asymmetricKeyDetails?.modulusLength ?? 0
  } catch (cause) {
    throw unreadableKey(cause)
  }
}

function unreadableKey(cause: unknown): CertificateError {
  return new CertificateError('malformed', 'public key cannot be parsed', { cause })
}

function toHex(parameters: AlgorithmIdentifier['parameters']): string {
  return parameters ? Buffer.from(parameters).toString('hex') : ''
}
