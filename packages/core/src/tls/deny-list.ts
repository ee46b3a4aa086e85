import { TlsMaterialError } from '../errors.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { entryKinds, toEntries } from './deny-list-entries.js'

/** Certificates refused by name, each entry of its kind and whole. */
export interface DenyList {
  /** `<kind> <value>` as it is compared, and for serial numbers of one issuer `serial <number> <issuer>`. */
  readonly entries: ReadonlySet<string>
}

/** A line of an old file, a separator of Unicode or a form feed could hide an entry behind a comment. */
const breaking = /[\p{Cc}\p{Zl}\p{Zp}]/u
const invisible = /\p{Cf}/u

/**
 * Parses a deny list: one entry a line, comments on lines of their own, beginning with `#`.
 *
 *     thumbprint <x5t#S256, or SHA-256 in hexadecimal as openssl prints it>
 *     serial <hexadecimal> [issuer as RFC 4514 text, or as openssl prints it]
 *     spiffe <SPIFFE ID>      uri <URI>      dns <name>      email <address>      cn <common name>
 *
 * Names are whole, without patterns; a path counts in its case, all else in any. Whatever is not understood
 * is an error: a line that looks right and denies nobody is the worst. So is what a file looks like that was
 * not written to its end: nothing at all, or a last line without a line break. A list that denies nobody
 * says so in a comment.
 *
 * Not checked: whether there is a certificate with such a name, or a CA with that of an issuer.
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
    const place = `${file} line ${index + 1}`
    verifyCharacters(content, place)
    return content === '' || content.startsWith('#') ? [] : [parseEntry(content, place)]
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

function verifyCharacters(line: string, place: string): void {
  if (breaking.test(line.replaceAll('\t', ' '))) {
    throw new TlsMaterialError(`${place}: it holds a control character or a foreign line break.`)
  }
}

function parseEntry(line: string, place: string): string {
  verifyEntry(line, place)
  const [, name = '', value = ''] = /^(\S+)\s+(.+)$/u.exec(line) ?? []
  const kind = entryKinds.get(name)
  if (kind === undefined) {
    throw new TlsMaterialError(
      `${place}: an entry is one of ${[...entryKinds.keys()].join(', ')}, then a space and a value.`,
    )
  }
  const parsed = kind.parse(value)
  if (parsed === undefined) {
    throw new TlsMaterialError(`${place}: no ${name} as it should be: ${kind.form}.`)
  }
  return `${name} ${parsed}`
}

/** A comment behind a name would become part of it, and so would what nobody sees. */
function verifyEntry(line: string, place: string): void {
  if (/\s#/.test(line)) {
    throw new TlsMaterialError(
      `${place}: comments stand on lines of their own. A certificate with " #" in a name goes by thumbprint.`,
    )
  }
  if (invisible.test(line)) {
    throw new TlsMaterialError(`${place}: it holds an invisible character.`)
  }
  if (line.includes('\ufffd')) {
    throw new TlsMaterialError(`${place}: it is not UTF-8.`)
  }
}
