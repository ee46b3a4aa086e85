import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import type { CertBag, ContentInfo, SafeBag, SafeContents } from 'pkijs'
import { refuse } from './crl-der.js'
import { parseDerCertificate } from './parse-pem.js'
import { checkEncryption, type Pkcs12Lock } from './pkcs12-encryption.js'

/** One thing in a PKCS#12 file. */
export type Pkcs12Item = { readonly certificate: X509Certificate } | { readonly key: KeyObject }

const x509Certificate = '1.2.840.113549.1.9.22.1'

/**
 * Opens one part of a PKCS#12 file (RFC 7292 section 4.2), whose MAC must have been verified.
 *
 * @throws {TlsMaterialError} without the place, for old encryption, and for content that is neither
 * certificate nor key
 */
export async function openPart(part: ContentInfo, lock: Pkcs12Lock): Promise<Pkcs12Item[]> {
  const { safeBags } = await openBags(part, lock)
  return safeBags.map((bag) => openBag(bag, lock))
}

/** The octets of a string that may be in pieces. */
export function readOctets(value: unknown): ArrayBuffer {
  if (typeof value === 'object' && value !== null && 'getValue' in value) {
    const octets: unknown = typeof value.getValue === 'function' ? value.getValue() : undefined
    if (octets instanceof ArrayBuffer) return octets
  }
  return refuse('an element is missing or of another kind')
}

async function openBags(part: ContentInfo, lock: Pkcs12Lock): Promise<SafeContents> {
  const { pkijs, engine, password } = lock
  const { contentType, content } = part
  if (contentType === pkijs.ContentInfo.DATA) return pkijs.SafeContents.fromBER(readOctets(content))
  if (contentType !== pkijs.ContentInfo.ENCRYPTED_DATA) {
    return refuse('a part of it is not locked by a passphrase but by a certificate')
  }
  const encrypted = new pkijs.EncryptedData({ schema: content })
  checkEncryption(encrypted.encryptedContentInfo.contentEncryptionAlgorithm, lock)
  return pkijs.SafeContents.fromBER(await encrypted.decrypt({ password }, engine))
}

function openBag({ bagValue }: SafeBag, lock: Pkcs12Lock): Pkcs12Item {
  const { pkijs, passphrase } = lock
  if (bagValue instanceof pkijs.CertBag) return { certificate: openCertificate(bagValue) }
  if (bagValue instanceof pkijs.PrivateKeyInfo) {
    return { key: openKey({ key: Buffer.from(bagValue.toSchema().toBER()) }) }
  }
  if (bagValue instanceof pkijs.PKCS8ShroudedKeyBag) {
    checkEncryption(bagValue.encryptionAlgorithm, lock)
    return { key: openKey({ key: Buffer.from(bagValue.toSchema().toBER()), passphrase }) }
  }
  return refuse('it holds something that is neither a certificate nor a key')
}

function openCertificate({ certId, certValue }: CertBag): X509Certificate {
  if (certId !== x509Certificate) return refuse('it holds a certificate that is not X.509')
  return parseDerCertificate(Buffer.from(readOctets(certValue)), 'a certificate in it')
}

function openKey(input: { readonly key: Buffer; readonly passphrase?: string }): KeyObject {
  try {
    return createPrivateKey({ ...input, format: 'der', type: 'pkcs8' })
  } catch {
    return refuse('the private key in it cannot be read')
  }
}
