import { X509Certificate as NodeCertificate } from 'node:crypto'
import type { RawExtension } from './certificate-request.js'
import { withRawExtensions } from './extensions.js'
import { parseKeyPair, toSignatureHash, toSigningKey } from './key-pair.js'
import type { CertificateAuthorityPem } from './open-certificate-authority.js'
import { toValidity } from './validity.js'
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CrlGenerator,
} from './x509.js'

const CRL_NUMBER = '2.5.29.20'
const LIST_DAYS = 7

/** What a certificate revocation list should say. */
export interface RevocationListRequest {
  /** Revoked certificates in PEM, or their serial numbers in hexadecimal. */
  readonly revoked?: readonly string[]
  /** Default one hour ago, since clocks differ. */
  readonly thisUpdate?: Date
  /** Default a week from now. */
  readonly nextUpdate?: Date
  /** Grows with each list; default the seconds of `thisUpdate`. */
  readonly number?: number
  /** Raw DER, replacing what would be generated; an OID given twice is encoded twice. */
  readonly extensions?: readonly RawExtension[]
}

/**
 * Creates a complete CRL (RFC 5280 section 5) in PEM, signed by a certificate authority.
 *
 * Not checked: that the certificates are of that authority.
 *
 * @throws {TypeError} when the CA's PEM cannot be read, or an entry is neither PEM nor a serial number
 * @throws {RangeError} when the dates are no dates, or the number is no safe positive integer
 */
export async function createRevocationList(
  ca: CertificateAuthorityPem,
  request: RevocationListRequest = {},
): Promise<string> {
  const issuer = new X509Certificate(ca.certificate)
  const { privateKey } = parseKeyPair(ca.key)
  const { notBefore: thisUpdate, notAfter: nextUpdate } = toValidity(
    {
      ...(request.thisUpdate && { notBefore: request.thisUpdate }),
      ...(request.nextUpdate && { notAfter: request.nextUpdate }),
    },
    LIST_DAYS,
  )
  const number = request.number ?? thisUpdate.getTime() / 1000
  const list = await X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate,
    nextUpdate,
    entries: (request.revoked ?? []).map((entry) => ({
      serialNumber: toSerialNumber(entry),
      revocationDate: thisUpdate,
    })),
    extensions: withRawExtensions(createExtensions(issuer, number), request.extensions ?? []),
    signingKey: await toSigningKey(privateKey),
    signingAlgorithm: { name: '', hash: toSignatureHash(privateKey) },
  })
  return toPem(Buffer.from(list.rawData))
}

/** With the label of RFC 7468 section 6, which the library does not use. */
function toPem(der: Buffer): string {
  const body = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN X509 CRL-----\n${body}\n-----END X509 CRL-----\n`
}

function createExtensions(issuer: X509Certificate, number: number): readonly Extension[] {
  const keyId = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId
  return [
    ...(keyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(keyId)]),
    new Extension(CRL_NUMBER, false, toDerInteger(number)),
  ]
}

function toSerialNumber(entry: string): string {
  if (entry.includes('-----BEGIN')) return new NodeCertificate(entry).serialNumber
  if (/^[0-9A-Fa-f]+$/.test(entry)) return entry
  throw new TypeError(`"${entry}" is neither a certificate in PEM nor a serial number`)
}

function toDerInteger(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`the number of a CRL must be a positive integer, not ${value}`)
  }
  const digits = value.toString(16)
  const even = digits.length % 2 === 0 ? digits : `0${digits}`
  // A first bit that is set would make it negative.
  const bytes = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex')
  return Buffer.from([0x02, bytes.length, ...bytes])
}
