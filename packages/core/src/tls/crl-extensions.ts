import { openFields, readElements, readPositive, refuse, tags } from './crl-der.js'
import { type CrlScope, readCrlScope } from './crl-scope.js'

/** What the extensions of a CRL say, of what is used here. */
export interface CrlExtensions {
  /** CRL number (RFC 5280 section 5.2.3), which grows with each issue. */
  readonly number: bigint | undefined
  readonly scope: CrlScope
}

interface Extension {
  readonly critical: boolean
  readonly value: Buffer
}

// DER of the object identifiers 2.5.29.x, as hexadecimal.
const crlNumber = '551d14'
const authorityKeyIdentifier = '551d23'
const issuingDistributionPoint = '551d1c'
const reasonCode = '551d15'
const holdInstruction = '551d17'
const invalidityDate = '551d18'

/** Which certificate signed is found by trying the keys, so the key identifier is known and of no use. */
const processed: ReadonlySet<string> = new Set([
  crlNumber,
  authorityKeyIdentifier,
  issuingDistributionPoint,
])
/** Whatever the reason, a listed certificate is revoked. */
const processedInEntries: ReadonlySet<string> = new Set([
  reasonCode,
  holdInstruction,
  invalidityDate,
])

/** Extensions that make a CRL say less, or other things, than "these of mine are revoked, no others". */
const refused: ReadonlyMap<string, string> = new Map([
  [
    '551d1b',
    'it is a delta CRL, which lists only what changed; give the complete CRL it belongs to',
  ],
  [issuingDistributionPoint, 'an entry has an issuing distribution point, which belongs to a CRL'],
  ['551d1d', 'it is an indirect CRL, which lists certificates of other CAs too'],
])

/**
 * Reads the extensions of a CRL (RFC 5280 section 5.2).
 *
 * @throws {TlsMaterialError} for a delta, partial or indirect CRL, a critical extension that is not
 * known, and one that occurs twice
 */
export function readCrlExtensions(wrapped: Buffer): CrlExtensions {
  const extensions = readExtensions(openFields(wrapped).take(tags.sequence).content, processed)
  const number = extensions.get(crlNumber)?.value
  const point = extensions.get(issuingDistributionPoint)?.value
  return { number: number && readNumber(number), scope: point && readCrlScope(point) }
}

function readNumber(value: Buffer): bigint {
  const fields = openFields(value)
  const number = BigInt(`0x${readPositive(fields.take(tags.integer))}`)
  fields.end()
  return number
}

/**
 * Verifies that the extensions of an entry (RFC 5280 section 5.3) leave it what it is: a certificate of
 * the CRL's own issuer that is revoked.
 *
 * @throws {TlsMaterialError} as {@link readCrlExtensions}
 */
export function verifyEntryExtensions(content: Buffer): void {
  readExtensions(content, processedInEntries)
}

function readExtensions(
  content: Buffer,
  known: ReadonlySet<string>,
): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  for (const element of readElements(content)) {
    const { id, ...extension } = readExtension(element.tag, element.content)
    const problem = refused.get(id)
    if (problem !== undefined && !known.has(id)) refuse(problem)
    if (extensions.has(id)) refuse('an extension occurs twice')
    if (extension.critical && !known.has(id))
      refuse('it has a critical extension that is not known')
    extensions.set(id, extension)
  }
  return extensions
}

function readExtension(tag: number, content: Buffer): Extension & { readonly id: string } {
  if (tag !== tags.sequence) refuse('an extension is not written as it should be')
  const fields = openFields(content)
  const id = fields.take(tags.objectIdentifier).content.toString('hex')
  const critical = fields.takeIf(tags.boolean)?.content
  // DER leaves the default out, so a boolean that is there is true.
  if (critical !== undefined && critical.toString('hex') !== 'ff') refuse('a boolean is not DER')
  const value = fields.take(tags.octetString).content
  fields.end()
  return { id, critical: critical !== undefined, value }
}
