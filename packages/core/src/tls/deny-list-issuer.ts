import { readElements } from './crl-der.js'

interface Attribute {
  readonly type: string
  /** As it is written: escaped, in quotes, or `#` and hexadecimal. */
  readonly raw: string
}

/** Numbers of attribute types under the names of RFC 4514 and OpenSSL, in lower case. */
const types: ReadonlyMap<string, string> = new Map([
  ['cn', '2.5.4.3'],
  ['sn', '2.5.4.4'],
  ['serialnumber', '2.5.4.5'],
  ['c', '2.5.4.6'],
  ['l', '2.5.4.7'],
  ['st', '2.5.4.8'],
  ['street', '2.5.4.9'],
  ['o', '2.5.4.10'],
  ['ou', '2.5.4.11'],
  ['title', '2.5.4.12'],
  ['description', '2.5.4.13'],
  ['businesscategory', '2.5.4.15'],
  ['postalcode', '2.5.4.17'],
  ['name', '2.5.4.41'],
  ['gn', '2.5.4.42'],
  ['initials', '2.5.4.43'],
  ['generationqualifier', '2.5.4.44'],
  ['dnqualifier', '2.5.4.46'],
  ['pseudonym', '2.5.4.65'],
  ['organizationidentifier', '2.5.4.97'],
  ['uid', '0.9.2342.19200300.100.1.1'],
  ['dc', '0.9.2342.19200300.100.1.25'],
  ['emailaddress', '1.2.840.113549.1.9.1'],
])
/** Encodings of the string types, except BMPString, whose bytes stand the other way round. */
const encodings: ReadonlyMap<number, BufferEncoding> = new Map([
  [0x0c, 'utf8'],
  [0x13, 'latin1'],
  [0x14, 'latin1'],
  [0x16, 'latin1'],
])
const bmpString = 0x1e
/** A type, a value as it is written, and what separates it from the next. */
const attribute =
  /\s*([a-z][a-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*("(?:[^"\\]|\\.)*"\s*|(?:[^\s"\\,+;<>]|\\.)(?:[^"\\,+;<>]|\\.)*|)([,+]|$)/iuy
const escapes = /((?:\\[0-9a-f]{2})+)|\\(["+,;<>\\ #=])|\\/giu

/**
 * Reads an issuer as somebody copies it, `CN=a,O=b` (RFC 4514) as well as `issuer=O = b, CN = a` of
 * OpenSSL, as text under which issuers are compared. Since either order is in use, it is the same for
 * both. Undefined for what is no distinguished name, and for a value with a bare `=`: two attributes with
 * the wrong separator between them would look like one.
 */
export function parseIssuer(text: string): string | undefined {
  const attributes = parseAttributes(text.replace(/^issuer\s*[=:]\s*/i, ''))
  return attributes?.some(({ raw }) => raw === '' || isBareEqualSign(raw))
    ? undefined
    : toKey(attributes)
}

/** The same for the RFC 4514 text of a certificate, whose values may be blank and hold a bare `=`. */
export function toIssuerKey(text: string): string | undefined {
  return toKey(parseAttributes(text))
}

/** Names are compared without regard to letter case and further spaces (RFC 5280 section 7.1). */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/g, ' ').trim()
}

function parseAttributes(text: string): readonly Attribute[] | undefined {
  const attributes: Attribute[] = []
  const pattern = new RegExp(attribute)
  for (let separator = ','; separator !== ''; ) {
    const [found, name = '', raw = '', next = ''] = pattern.exec(text) ?? []
    const type = types.get(name.toLowerCase()) ?? (name.includes('.') ? name : undefined)
    if (found === undefined || type === undefined) return undefined
    attributes.push({ type, raw })
    separator = next
  }
  return attributes
}

function isBareEqualSign(raw: string): boolean {
  return !raw.startsWith('"') && raw.replace(/\\./gu, '').includes('=')
}

/** Which attributes share a component is left out, as is their order: it tells no two CAs apart. */
function toKey(attributes: readonly Attribute[] | undefined): string | undefined {
  const parts = attributes?.map(({ type, raw }) => {
    const value = toValue(raw)
    return value === undefined ? undefined : `${type}=${value}`
  })
  return parts?.includes(undefined) === false ? JSON.stringify(parts.toSorted()) : undefined
}

function toValue(raw: string): string | undefined {
  if (raw.startsWith('#')) return readHexadecimal(raw.slice(1).trimEnd())
  const text = raw.startsWith('"') ? raw.trimEnd().slice(1, -1) : raw
  const value = text.replace(escapes, (_, bytes?: string, character?: string) =>
    // Whatever else is escaped becomes a character that no name holds, and so does what is not UTF-8.
    bytes === undefined
      ? (character ?? '\ufffd')
      : Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8'),
  )
  return value.includes('\ufffd') ? undefined : foldName(value)
}

/** RFC 4514 section 2.4: the DER of a value. A string is compared as the string. */
function readHexadecimal(digits: string): string | undefined {
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return undefined
  const bytes = Buffer.from(digits, 'hex')
  return readDerString(bytes) ?? `#${bytes.toString('hex')}`
}

function readDerString(bytes: Buffer): string | undefined {
  try {
    const [element, ...rest] = readElements(bytes)
    if (element === undefined || rest.length > 0) return undefined
    const { tag, content } = element
    if (tag === bmpString) return foldName(Buffer.from(content).swap16().toString('utf16le'))
    const encoding = encodings.get(tag)
    return encoding === undefined ? undefined : foldName(content.toString(encoding))
  } catch {
    return undefined
  }
}
