import { AlgorithmIdentifier, Name } from '@peculiar/asn1-x509'
import { MtlsError, TlsMaterialError } from '../errors.js'
import { parseDer } from '../identity/der.js'
import { readDistinguishedName } from '../identity/distinguished-name.js'
import { isStrongSignature } from '../identity/key-strength.js'
import {
  type DerElement,
  type DerFields,
  isTime,
  openFields,
  readElements,
  readPositive,
  readTime,
  refuse,
  tags,
} from './crl-der.js'
import { readCrlExtensions, verifyEntryExtensions } from './crl-extensions.js'
import type { CrlScope } from './crl-scope.js'

/** A certificate revocation list (RFC 5280 section 5), parsed and not yet verified. */
export interface Crl {
  /** Where it came from, in words. */
  readonly place: string
  /** RFC 4514 text of the name of the CA that issued it. */
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number
  /** Milliseconds since the epoch; from then on the list is stale. */
  readonly nextUpdate: number
  readonly number: bigint | undefined
  /** The certificates it speaks for, if not all of its issuer. */
  readonly scope: CrlScope
  /** Serial numbers, in the form of `toSerial`. */
  readonly revoked: ReadonlySet<string>
  readonly der: Buffer
  readonly signed: SignedBytes
}

/** What a signature is over, and how it was made. */
export interface SignedBytes {
  readonly bytes: Buffer
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Buffer
}

type CrlContent = Pick<Crl, 'issuer' | 'thisUpdate' | 'nextUpdate' | 'number' | 'scope' | 'revoked'>

const version2 = '1'

/**
 * Parses one CRL from strict DER. It must be complete and direct, have a next update, and be signed with
 * SHA-2 or EdDSA.
 *
 * Not checked: signature, dates and whose it is; `checkCrls` does.
 *
 * @throws {TlsMaterialError} naming the place
 */
export function parseCrl(der: Buffer, place: string): Crl {
  try {
    const [list, ...rest] = readElements(der)
    if (list?.tag !== tags.sequence || rest.length > 0) return refuse('not one DER sequence')
    const { content, signed } = readSigned(list)
    return Object.freeze({ place, ...readContent(content, signed.algorithm), der, signed })
  } catch (cause) {
    if (!(cause instanceof MtlsError)) throw cause
    throw new TlsMaterialError(`${place} is not a CRL that can be used: ${cause.message}.`, {
      cause,
    })
  }
}

function readSigned(list: DerElement): { readonly content: Buffer; readonly signed: SignedBytes } {
  const fields = openFields(list.content)
  const content = fields.take(tags.sequence)
  const algorithm = readAlgorithm(fields)
  const [unused, ...signature] = fields.take(tags.bitString).content
  fields.end()
  if (unused !== 0) return refuse('the signature is not whole bytes')
  if (!isStrongSignature(algorithm)) {
    return refuse(`signature algorithm ${algorithm.algorithm} is not accepted`)
  }
  return {
    content: content.content,
    signed: { bytes: content.whole, algorithm, signature: Buffer.from(signature) },
  }
}

function readContent(content: Buffer, algorithm: AlgorithmIdentifier): CrlContent {
  const fields = openFields(content)
  const version = fields.takeIf(tags.integer)
  if (version !== undefined && readPositive(version) !== version2) return refuse('unknown version')
  // RFC 5280 section 5.1.1.2: both fields must agree, and only one of them is signed.
  if (!readAlgorithm(fields).isEqual(algorithm)) return refuse('it names two signature algorithms')
  const issuer = readDistinguishedName(parseDer(fields.take(tags.sequence).whole, Name, 'issuer'))
  const dates = readDates(fields)
  const entries = fields.takeIf(tags.sequence)
  const extensions = fields.takeIf(tags.extensions)
  fields.end()
  if (extensions !== undefined && version === undefined) return refuse('extensions need version 2')
  return {
    issuer: issuer.text,
    ...dates,
    ...readOptional(extensions),
    revoked: entries === undefined ? new Set() : readRevoked(entries.content),
  }
}

function readOptional(extensions: DerElement | undefined): Pick<Crl, 'number' | 'scope'> {
  return extensions === undefined
    ? { number: undefined, scope: undefined }
    : readCrlExtensions(extensions.content)
}

function readAlgorithm(fields: DerFields): AlgorithmIdentifier {
  return parseDer(fields.take(tags.sequence).whole, AlgorithmIdentifier, 'signature algorithm')
}

function readDates(fields: DerFields): Pick<Crl, 'thisUpdate' | 'nextUpdate'> {
  const thisUpdate = readTime(fields.take(tags.utcTime, tags.generalizedTime))
  const next = fields.takeIf(tags.utcTime, tags.generalizedTime)
  // RFC 5280 section 5.1.2.5 demands it; without it nobody could tell an old list from the current one.
  if (next === undefined) return refuse('it has no nextUpdate')
  const nextUpdate = readTime(next)
  if (!(nextUpdate > thisUpdate)) return refuse('its nextUpdate is not after its thisUpdate')
  return { thisUpdate, nextUpdate }
}

/** Written for lists of several hundred thousand entries: the dates, which say nothing here, stay unread. */
function readRevoked(content: Buffer): ReadonlySet<string> {
  const revoked = new Set<string>()
  for (const entry of readElements(content)) {
    if (entry.tag !== tags.sequence) return refuse('an entry is not a sequence')
    const [serial, date, extensions, ...rest] = readElements(entry.content)
    if (serial?.tag !== tags.integer || date === undefined || !isTime(date) || rest.length > 0) {
      return refuse('an entry is not a serial number and a time')
    }
    revoked.add(readPositive(serial))
    if (extensions === undefined) continue
    if (extensions.tag !== tags.sequence) return refuse('an entry is not as it should be')
    verifyEntryExtensions(extensions.content)
  }
  return revoked
}
