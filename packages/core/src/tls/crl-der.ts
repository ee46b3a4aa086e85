import { TlsMaterialError } from '../errors.js'

/** One element of DER: its tag, what it holds, and its own bytes. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly whole: Buffer
}

/** The tags a CRL is made of (RFC 5280 section 5.1). */
type Tag =
  | 'boolean'
  | 'integer'
  | 'bitString'
  | 'octetString'
  | 'objectIdentifier'
  | 'utcTime'
  | 'generalizedTime'
  | 'sequence'
  | 'extensions'

export const tags: Readonly<Record<Tag, number>> = Object.freeze({
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  extensions: 0xa0,
})

/** Of times, the Z at the end included. */
const lengths: ReadonlyMap<number, number> = new Map([
  [tags.utcTime, 13],
  [tags.generalizedTime, 15],
])
const zero = 0x30
const nine = 0x39
const zulu = 0x5a

/**
 * Reads the elements that stand in a row in some DER. Only DER: lengths are definite and as short as
 * can be, tags are single bytes. The ASN.1 library gives up on a list of a few thousand entries.
 *
 * @throws {TlsMaterialError} for BER, and for bytes that are cut off
 */
export function* readElements(bytes: Buffer): Generator<DerElement> {
  let offset = 0
  while (offset < bytes.length) {
    const { start, end } = readSpan(bytes, offset)
    yield {
      tag: bytes[offset] ?? 0,
      content: bytes.subarray(start, end),
      whole: bytes.subarray(offset, end),
    }
    offset = end
  }
}

/** Elements to be taken one by one, each expected to be of some tag. */
export interface DerFields {
  /** @throws {TlsMaterialError} if the next element is of another tag, or there is none */
  readonly take: (...expected: readonly number[]) => DerElement
  /** The next element if it is of one of these tags. */
  readonly takeIf: (...expected: readonly number[]) => DerElement | undefined
  /** @throws {TlsMaterialError} if there is a further element */
  readonly end: () => void
}

/** Opens the content of a constructed element. */
export function openFields(content: Buffer): DerFields {
  const elements = readElements(content)
  let next = elements.next()
  const takeIf = (...expected: readonly number[]): DerElement | undefined => {
    if (next.done === true || !expected.includes(next.value.tag)) return undefined
    const { value } = next
    next = elements.next()
    return value
  }
  return {
    takeIf,
    take: (...expected) =>
      takeIf(...expected) ?? refuse('an element is missing or of another kind'),
    end: () => {
      if (next.done !== true) refuse('it holds more than it should')
    },
  }
}

/** Whether an element is a time in the one form that is allowed, be there such a day or not. */
export function isTime({ tag, content }: DerElement): boolean {
  const length = lengths.get(tag)
  if (content.length !== length || content[length - 1] !== zulu) return false
  return content.subarray(0, -1).every((byte) => byte >= zero && byte <= nine)
}

/**
 * Reads a time (RFC 5280 section 5.1.2.4): whole seconds, UTC, nothing left out.
 *
 * @throws {TlsMaterialError} for any other form, and for a day that is in no calendar
 */
export function readTime(element: DerElement): number {
  const { tag, content } = element
  if (!isTime(element)) return refuse('a time is not written as it should be')
  const digits = content.toString('latin1')
  // RFC 5280 section 4.1.2.5.1: two digits from 50 on are of the last century.
  const century = Number(digits.slice(0, 2)) >= 50 ? '19' : '20'
  const full = tag === tags.utcTime ? century + digits : digits
  const text = full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
  const time = Date.parse(text)
  // A round trip, since some engines take the 31st of February for a day in March.
  if (Number.isNaN(time) || new Date(time).toISOString() !== text)
    return refuse('a time is no time')
  return time
}

/**
 * Reads an integer that is not negative, as upper-case hexadecimal without leading zeros.
 *
 * @throws {TlsMaterialError} if it is empty, negative or longer than it need be
 */
export function readPositive({ content }: DerElement): string {
  const [first, second] = content
  if (first === undefined || first >= 0x80) return refuse('a number is empty or negative')
  if (first === 0 && second !== undefined && second < 0x80) return refuse('a number is not DER')
  return toSerial(content.toString('hex'))
}

/** A serial number in the one form in which serial numbers are compared here. */
export function toSerial(hexadecimal: string): string {
  return hexadecimal.toUpperCase().replace(/^0+(?=.)/, '')
}

export function refuse(problem: string): never {
  throw new TlsMaterialError(problem)
}

function readSpan(bytes: Buffer, offset: number): { readonly start: number; readonly end: number } {
  const tag = bytes[offset] ?? 0
  const first = bytes[offset + 1]
  // The low five bits all set announce a tag of several bytes, which a CRL does not have.
  if ((tag & 0x1f) === 0x1f || first === undefined) return refuse('not DER, or cut off')
  if (first < 0x80) return toSpan(bytes, offset + 2, first)
  const size = first & 0x7f
  const start = offset + 2 + size
  if (size === 0 || size > 4) return refuse('a length is not DER')
  if (start > bytes.length) return refuse('cut off')
  const length = bytes.readUIntBE(offset + 2, size)
  const least = size === 1 ? 0x80 : 2 ** (8 * (size - 1))
  return length < least ? refuse('a length is not DER') : toSpan(bytes, start, length)
}

function toSpan(
  bytes: Buffer,
  start: number,
  length: number,
): { readonly start: number; readonly end: number } {
  return start + length > bytes.length ? refuse('cut off') : { start, end: start + length }
}
