import { isIPv4 } from 'node:net'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { parseSpiffeId } from '../identity/spiffe-id.js'
import { toSerial } from './crl-der.js'
import { foldName, parseIssuer, toIssuerKey } from './deny-list-issuer.js'

/** What an entry can name. */
export interface EntryKind {
  /** The one spelling under which values are compared; undefined for a value that could match nothing. */
  readonly parse: (value: string) => string | undefined
  /** What a value looks like, for whoever wrote another. */
  readonly form: string
}

export const entryKinds: ReadonlyMap<string, EntryKind> = new Map([
  [
    'thumbprint',
    { parse: toThumbprint, form: 'x5t#S256, or what openssl x509 -fingerprint -sha256 prints' },
  ],
  [
    'serial',
    {
      parse: toSerialEntry,
      form: 'hexadecimal digits, and behind them nothing or the issuer, as in serial 0A:1B:2C CN=Issuing CA,O=Acme. Twenty digits or more without a letter look decimal; if they are hexadecimal, write them with colons',
    },
  ],
  ['spiffe', { parse: toSpiffeId, form: 'spiffe://<trust domain>/<path>' }],
  [
    'uri',
    {
      parse: toUri,
      form: 'the URI alone, without URI: before it or punctuation behind it, and no SPIFFE ID, which stands under spiffe',
    },
  ],
  ['dns', { parse: toDns, form: 'one name like a.acme.test, without DNS: before it' }],
  ['email', { parse: toEmail, form: 'one address like a@acme.test, without email: before it' }],
  [
    'cn',
    {
      parse: toCommonName,
      form: 'the common name alone, without quotes, backslashes, asterisks, further attributes or a comma at the end. A certificate with such a name goes by thumbprint',
    },
  ],
])

const known = new WeakMap<object, readonly string[]>()
/** What RFC 3986 leaves the same in either case: scheme and host, the namespace of a URN, and a UUID. */
const uncased = /^(?:urn:uuid:.*|urn:[^:]*:|[a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?)/i
const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?'
const hostname = new RegExp(`^${label}(?:\\.${label})*$`, 'i')

/** Everything about a certificate that an entry could name. */
export function toEntries(certificate: Omit<PeerCertificate, 'authority'>): readonly string[] {
  const before = known.get(certificate)
  if (before !== undefined) return before
  const entries = listEntries(certificate)
  known.set(certificate, entries)
  return entries
}

function listEntries(certificate: Omit<PeerCertificate, 'authority'>): readonly string[] {
  const { names, subject, spiffeId } = certificate
  const serial = `serial ${toSerial(certificate.serialNumber)}`
  const issuer = toIssuerKey(certificate.issuer.text)
  return [
    `thumbprint ${certificate.thumbprint}`,
    serial,
    ...(issuer === undefined ? [] : [`${serial} ${issuer}`]),
    ...(spiffeId === undefined ? [] : [`spiffe ${spiffeId.text}`]),
    ...names.uri.map((uri) => `uri ${foldUri(uri)}`),
    ...names.dns.map((dns) => `dns ${foldDns(dns)}`),
    ...names.email.map((email) => `email ${foldDns(email)}`),
    ...subject.commonNames.map((cn) => `cn ${foldName(cn)}`),
  ]
}

function toThumbprint(value: string): string | undefined {
  if (/^[A-Za-z0-9_-]{43}$/.test(value)) {
    // Of the last character four bits count; another spelling of the same bytes would never match.
    return Buffer.from(value, 'base64url').toString('base64url')
  }
  const hexadecimal = value.replace(/^sha-?256 fingerprint\s*=\s*/i, '').replaceAll(':', '')
  if (!/^[0-9a-f]{64}$/i.test(hexadecimal)) return undefined
  return Buffer.from(hexadecimal, 'hex').toString('base64url')
}

function toSerialEntry(value: string): string | undefined {
  const text = value.replace(/^serial(?: number)?\s*[=:]\s*/i, '')
  const [, digits = '', issuer] =
    /^([0-9a-f]{2}(?::[0-9a-f]{2})+|[0-9a-f]+)(?:\s+(\S.*))?$/iu.exec(text) ?? []
  // Some tools print decimals, which would pass as the number of nobody's certificate.
  if (digits === '' || /^\d{20,}$/.test(digits)) return undefined
  const serial = toSerial(digits.replaceAll(':', ''))
  // RFC 5280 section 4.1.2.2: up to 20 octets.
  if (serial.length > 40) return undefined
  if (issuer === undefined) return serial
  const key = parseIssuer(issuer)
  return key === undefined ? undefined : `${serial} ${key}`
}

/** No client has the ID of a trust domain itself, and to name it denies nobody in that domain. */
function toSpiffeId(value: string): string | undefined {
  try {
    const { text, path } = parseSpiffeId(value)
    return path.length === 0 ? undefined : text
  } catch {
    return undefined
  }
}

/**
 * As in a policy a SPIFFE ID is a `spiffe` and nothing else, so that a typing error does not hide it; and no
 * asterisk, since it would look like a pattern. RFC 3986 section 2 has no other characters.
 */
function toUri(value: string): string | undefined {
  const uri = /^(?!(?:spiffe|uri|dns|email):)[a-z][a-z0-9+.-]*:[\w.~:/?#[\]@!$&'()+,;=%-]+$/i
  return uri.test(value) && !/[,;')]$/.test(value) ? foldUri(value) : undefined
}

function foldUri(uri: string): string {
  return uri
    .replace(uncased, (prefix) => prefix.toLowerCase())
    .replace(/%[0-9a-f]{2}/gi, (octet) => octet.toUpperCase())
}

/** An address is not among the names of a certificate, though it looks like one. */
function toDns(value: string): string | undefined {
  const dns = foldDns(value)
  return hostname.test(dns) && !isIPv4(dns) ? dns : undefined
}

function toEmail(value: string): string | undefined {
  const [, domain] = /^[\w.!#$%&'+/=?^`{|}~-]+@(.+)$/.exec(foldDns(value)) ?? []
  return domain !== undefined && hostname.test(domain) ? foldDns(value) : undefined
}

/** In any case, as to deny a name in every case denies nobody but its owner; a dot at the end is the root. */
function foldDns(name: string): string {
  return name.toLowerCase().replace(/(?<=.)\.$/, '')
}

function toCommonName(value: string): string | undefined {
  const surrounded = /^\p{Quotation_Mark}|[\p{Quotation_Mark},;]$/u
  const attributes = /(?:^|[,+/;])\s*[a-z][a-z0-9.]*\s*=/i
  if (surrounded.test(value) || attributes.test(value) || /[\\*]/.test(value)) return undefined
  const name = foldName(value)
  return name === '' ? undefined : name
}
