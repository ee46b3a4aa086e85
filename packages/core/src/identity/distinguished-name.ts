import type { AttributeTypeAndValue, AttributeValue, Name } from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { toDer } from './der.js'
import type { DistinguishedName } from './peer-certificate.js'

const commonName = '2.5.4.3'
const organization = '2.5.4.10'
const organizationalUnit = '2.5.4.11'

/** Short names of RFC 4514 section 3; every other type is written as numbers with a hexadecimal value. */
const shortNames: ReadonlyMap<string, string> = new Map([
  [commonName, 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  [organization, 'O'],
  [organizationalUnit, 'OU'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
])

const ascii = /^[\x20-\x7e]+$/
/** Control characters, and surrogates that form no character. */
const forbidden = /[\p{Cc}\p{Cs}]/u
/** RFC 4514 section 2.4: what must be escaped anywhere, at the start, at the end. */
const special = /["+,;<>\\]|^[ #]| $/g

/**
 * Reads a distinguished name: its RFC 4514 text, last component first, and the values a policy can
 * name, in the order of the certificate. An empty name is an empty text.
 *
 * Not checked: whether an attribute occurs once; whoever uses a value decides what several mean.
 *
 * @throws {CertificateError} with reason `malformed` for an empty component, or an attribute with a
 * short name whose value is empty, no string, or holds control characters
 */
export function readDistinguishedName(name: Name): DistinguishedName {
  // Plain arrays: those of the library make arrays of their own class.
  const components = Array.from(name, (component) => Array.from(component))
  if (components.some((component) => component.length === 0)) {
    throw new CertificateError('malformed', 'distinguished name has an empty component')
  }
  const text = components.map((component) => component.map(toText).join('+'))
  const attributes = components.flat()
  return Object.freeze({
    text: text.reverse().join(','),
    commonNames: readValues(attributes, commonName),
    organizations: readValues(attributes, organization),
    organizationalUnits: readValues(attributes, organizationalUnit),
  })
}

function readValues(attributes: readonly AttributeTypeAndValue[], type: string): readonly string[] {
  return Object.freeze(
    attributes.filter((attribute) => attribute.type === type).map(({ value }) => readString(value)),
  )
}

function toText(attribute: AttributeTypeAndValue): string {
  const shortName = shortNames.get(attribute.type)
  if (shortName === undefined) return `${attribute.type}=#${toDer(attribute.value).toString('hex')}`
  return `${shortName}=${readString(attribute.value).replace(special, '\\$&')}`
}

function readString(value: AttributeValue): string {
  const text = readUnicode(value) ?? readAscii(value)
  if (text === undefined || text === '' || forbidden.test(text)) {
    throw new CertificateError(
      'malformed',
      'distinguished name has a value that is empty, no string, or holds control characters',
    )
  }
  return text
}

function readUnicode(value: AttributeValue): string | undefined {
  return value.utf8String ?? value.bmpString ?? value.universalString
}

/** PrintableString and IA5String are ASCII; what a TeletexString means beyond that depends on the reader. */
function readAscii(value: AttributeValue): string | undefined {
  const text = value.printableString ?? value.ia5String ?? value.teletexString
  return text !== undefined && ascii.test(text) ? text : undefined
}
