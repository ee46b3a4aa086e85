import { TlsMaterialError } from '../errors.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { parseSpiffeId } from '../identity/spiffe-id.js'
import { toSerial } from './crl-der.js'

/** Certificates refused by name, each entry of its kind and exact. */
export interface DenyList {
  /** `<kind> <value>`, and for serial numbers of one issuer `serial <number> <issuer>`. */
  readonly entries: ReadonlySet<string>
}

/** What an entry names; each kind has one spelling under which it is compared. */
const parsers: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  ['thumbprint', toThumbprint],
  ['serial', toSerialEntry],
  ['spiffe', toSpiffeId],
  ['uri', toUri],
  ['dns', toName],
  ['email', toName],
  ['cn', (value) => value],
])

/**
 * Parses a deny list: one entry a line, `#` for comments.
 *
 *     thumbprint <x5t#S256, or SHA-256 in hexadecimal as openssl prints it>
 *     serial <hexadecimal> [issuer as RFC 4514 text]
 *     spiffe <SPIFFE ID>      uri <URI>      dns <name>      email <address>      cn <common name>
 *
 * Names are exact, without patterns. Whatever is not understood is an error, and so is what a file looks
 * like that was not written to its end: nothing at all, or a last line without a line break. A list that
 * denies nobody says so in a comment.
 *
 * @throws {TlsMaterialError} naming the file and the line
 */
export function parseDenyList(text: string, file: string): DenyList {
  if (text.trim() === '') {
    throw new TlsMaterialError(
      `${file}: the deny list is empty; if nobody is denied write a comment: # nobody`,
    )
  }
  if (!text.endsWith('\n')) {
    throw new TlsMaterialError(
      `${file}: the last line has no line break; the file may be cut off. End it with one.`,
    )
  }
  const entries = text.split('\n').flatMap((line, index) => {
    const content = line.trim()
    return content === '' || content.startsWith('#')
      ? []
      : [parseEntry(content, `${file} line ${index + 1}`)]
  })
  return Object.freeze({ entries: new Set(entries) })
}

/** Whether any entry names a certificate. */
export function isDenied(
  { entries }: DenyList,
  certificate: Omit<PeerCertificate, 'authority'>,
): boolean {
  return entries.size > 0 && toEntries(certificate).some((entry) => entries.has(entry))
}

function parseEntry(line: string, place: string): string {
  const [, kind = '', value = ''] = /^(\S+)\s+(.+)$/.exec(line) ?? []
  const parse = parsers.get(kind)
  if (parse === undefined) {
    throw new TlsMaterialError(
      `${place}: an entry is one of ${[...parsers.keys()].join(', ')}, then a space and a value.`,
    )
  }
  const parsed = parse(value)
  if (parsed === undefined) throw new TlsMaterialError(`${place}: no ${kind} as it should be.`)
  return `${kind} ${parsed}`
}

/** Everything about a certificate that an entry could name. */
function toEntries(certificate: Omit<PeerCertificate, 'authority'>): readonly string[] {
  const { names, subject, issuer, spiffeId } = certificate
  const serial = `serial ${toSerial(certificate.serialNumber)}`
  return [
    `thumbprint ${certificate.thumbprint}`,
    serial,
    `${serial} ${issuer.text}`,
    ...(spiffeId === undefined ? [] : [`spiffe ${spiffeId.text}`]),
    ...names.uri.map((uri) => `uri ${uri}`),
    ...names.dns.map((dns) => `dns ${dns.toLowerCase()}`),
    ...names.email.map((email) => `email ${email.toLowerCase()}`),
    ...subject.commonNames.map((cn) => `cn ${cn}`),
  ]
}

function toThumbprint(value: string): string | undefined {
  if (/^[A-Za-z0-9_-]{43}$/.test(value)) {
    // Of the last character four bits count; another spelling of the same bytes would never match.
    return Buffer.from(value, 'base64url').toString('base64url')
  }
  const hexadecimal = value.replaceAll(':', '')
  if (!/^[0-9A-Fa-f]{64}$/.test(hexadecimal)) return undefined
  return Buffer.from(hexadecimal, 'hex').toString('base64url')
}

function toSerialEntry(value: string): string | undefined {
  const [, digits = '', issuer] =
    /^((?:[0-9A-Fa-f]{2}:)*[0-9A-Fa-f]+)(?:\s+(\S.*))?$/.exec(value) ?? []
  if (digits === '') return undefined
  const serial = toSerial(digits.replaceAll(':', ''))
  return issuer === undefined ? serial : `${serial} ${issuer}`
}

function toSpiffeId(value: string): string | undefined {
  try {
    return parseSpiffeId(value).text
  } catch {
    return undefined
  }
}

/**
 * As in a policy a SPIFFE ID is a `spiffe` and nothing else, so that a typing error does not hide it; and no
 * asterisk, since it would look like a pattern.
 */
function toUri(value: string): string | undefined {
  return /^(?!spiffe:)[a-z][a-z0-9+.-]*:[\x21-\x29\x2b-\x7e]+$/i.test(value) ? value : undefined
}

/** To deny a name in every case denies nobody but its owner. */
function toName(value: string): string | undefined {
  return /^[\x21-\x29\x2b-\x7e]+$/.test(value) ? value.toLowerCase() : undefined
}
