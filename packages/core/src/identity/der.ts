import { AsnConvert } from '@peculiar/asn1-schema'
import { CertificateError } from '../errors.js'

/** A class of `@peculiar/asn1-x509`, which carries the ASN.1 schema of what it reads. */
type AsnSchema<T> = new () => T

/**
 * Reads DER, and only DER: what was read must encode to the same bytes again. The parser accepts BER,
 * as OpenSSL does, and two readers of BER can disagree about one certificate; indefinite or non-minimal
 * lengths, trailing bytes, encoded defaults and unnormalised times all come back as other bytes.
 *
 * Not checked: the inside of values the schema leaves open (`ANY`); they are kept as raw bytes.
 *
 * @throws {CertificateError} with reason `malformed`
 */
export function parseDer<T extends object>(der: Uint8Array, schema: AsnSchema<T>, what: string): T {
  const { value, encoded } = parseBer(der, schema, what)
  if (!Buffer.from(encoded).equals(der)) {
    throw new CertificateError('malformed', `${what} is not encoded as DER`)
  }
  return value
}

/** The DER of something read by {@link parseDer}, or of a part of it. */
export function toDer(value: object): Buffer {
  return Buffer.from(AsnConvert.serialize(value))
}

function parseBer<T extends object>(
  der: Uint8Array,
  schema: AsnSchema<T>,
  what: string,
): { readonly value: T; readonly encoded: ArrayBuffer } {
  try {
    const value = AsnConvert.parse(der, schema)
    return { value, encoded: AsnConvert.serialize(value) }
  } catch (cause) {
    throw unparsable(what, cause)
  }
}

/** Whatever the library throws on hostile bytes (its own errors, RangeError, TypeError) means one thing. */
function unparsable(what: string, cause: unknown): CertificateError {
  return new CertificateError('malformed', `${what} cannot be parsed`, { cause })
}
