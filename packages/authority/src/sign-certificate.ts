import { type KeyObject, randomBytes } from 'node:crypto'
import { toSignatureHash, toSigningKey, toSpki } from './key-pair.js'
import type { Validity } from './validity.js'
import {
  type Extension,
  type Name,
  type X509Certificate,
  X509CertificateGenerator,
} from './x509.js'

/** A CA as it signs: its certificate, its key, and the intermediates it presents, in PEM. */
export interface Signer {
  readonly certificate: X509Certificate
  readonly key: KeyObject
  readonly chain: string
}

export interface CertificateContent {
  readonly subject: Name
  readonly issuer: Name
  readonly publicKey: KeyObject
  readonly validity: Validity
  readonly extensions: readonly Extension[]
}

/** Signs a version 3 certificate with a random serial number. */
export async function signCertificate(
  content: CertificateContent,
  issuerKey: KeyObject,
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    serialNumber: createSerialNumber(),
    subject: content.subject,
    issuer: content.issuer,
    ...content.validity,
    publicKey: toSpki(content.publicKey),
    signingKey: await toSigningKey(issuerKey),
    signingAlgorithm: { name: '', hash: toSignatureHash(issuerKey) },
    extensions: [...content.extensions],
  })
}

/** Always ends in a line break, so that certificates can be joined into a chain. */
export function toCertificatePem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

// RFC 5280 section 4.1.2.2: positive. The two top bits are fixed to 01, so that all 16 bytes count.
function createSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}
