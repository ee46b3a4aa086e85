import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
} from '@mcp-mtls/authority'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate, type TBSCertificate } from '@peculiar/asn1-x509'

export const oid = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  subjectKeyIdentifier: '2.5.29.14',
}

export const ca: CertificateAuthority = await createCertificateAuthority({ name: 'test root' })

/** Issues a client certificate by the shared root (or `issuer`) and gives its DER. */
export async function issueDer(
  request: Partial<CertificateRequest>,
  issuer: CertificateAuthority = ca,
): Promise<Buffer> {
  const { certificate } = await issuer.issue({ usage: 'client', ...request })
  return new X509Certificate(certificate).raw
}

/** Issues a client certificate whose subject alternative name extension has this value. */
export function issueWithNames(value: Uint8Array): Promise<Buffer> {
  return issueDer({ cn: 'client', extensions: [{ oid: oid.subjectAltName, value }] })
}

/** ecdsa-with-SHA1 */
export const ecdsaWithSha1 = '1.2.840.10045.4.1'

/** Parses a certificate, changes it, and signs it again with the CA's key. */
export function resign(
  der: Uint8Array,
  edit: (tbs: TBSCertificate) => void,
  key: string = ca.key,
): Buffer {
  const certificate = AsnConvert.parse(der, Certificate)
  edit(certificate.tbsCertificate)
  certificate.signatureAlgorithm = new AlgorithmIdentifier(certificate.tbsCertificate.signature)
  const signed = Buffer.from(AsnConvert.serialize(certificate.tbsCertificate))
  const hash = certificate.signatureAlgorithm.algorithm === ecdsaWithSha1 ? 'sha1' : 'sha256'
  const signature = sign(hash, signed, createPrivateKey(key))
  certificate.signatureValue = new Uint8Array(signature).buffer
  return Buffer.from(AsnConvert.serialize(certificate))
}

export function toX509(certificate: string | Buffer): X509Certificate {
  return new X509Certificate(certificate)
}

/** The certificates of a PEM text, in its order. */
export function splitPem(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(toX509)
}

/** One DER element; text is encoded as Latin-1, so that any byte can be written. */
export function element(tag: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(
    contents.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  )
  return Buffer.concat([Buffer.from([tag]), toLength(content.length), content])
}

export const sequence = (...contents: readonly (Uint8Array | string)[]): Buffer =>
  element(0x30, ...contents)
export const uriName = (text: string): Buffer => element(0x86, text)
export const dnsName = (text: string): Buffer => element(0x82, text)
export const emailName = (text: string): Buffer => element(0x81, text)
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8'))

/** A KeyUsage value with the given bits of its first byte. */
export function keyUsageValue(bits: number): Buffer {
  const unused = bits === 0 ? 0 : 31 - Math.clz32(bits & -bits)
  return element(0x03, Buffer.from([unused, bits]))
}

export const caTrue: Buffer = sequence(Buffer.from([0x01, 0x01, 0xff]))

function toLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  if (length < 0x100) return Buffer.from([0x81, length])
  if (length < 0x10000) return Buffer.from([0x82, length >> 8, length & 0xff])
  return Buffer.from([0x83, length >> 16, (length >> 8) & 0xff, length & 0xff])
}
