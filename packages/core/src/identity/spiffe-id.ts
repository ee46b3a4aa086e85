import { CertificateError } from '../errors.js'

/** A SPIFFE ID (SPIFFE-ID section 2), split once and never normalised. */
export interface SpiffeId {
  readonly text: string
  readonly trustDomain: string
  /** Path segments without slashes; empty for the ID of a trust domain itself. */
  readonly path: readonly string[]
}

const scheme = 'spiffe://'
/** SPIFFE-ID section 2.3: implementations must support 2048 bytes and should not make longer ones. */
const maximumLength = 2048
/** SPIFFE-ID section 2.1: a trust domain is at most 255 bytes. */
const maximumTrustDomainLength = 255
const trustDomainCharacters = /^[a-z0-9._-]+$/
const segmentCharacters = /^[A-Za-z0-9._-]+$/

/**
 * Parses a SPIFFE ID byte for byte: lower-case `spiffe://`, a trust domain, and a path without empty
 * or dot segments. Nothing is decoded, folded or trimmed, so equal IDs are equal texts. The scheme and
 * trust domain are case-insensitive in the specification; other cases are refused rather than folded,
 * because two readers that fold differently would see two identities.
 *
 * Not checked: whether a path is there; the ID of a trust domain itself has none (SPIFFE-ID section 2).
 *
 * @throws {CertificateError} with reason `spiffe-id`
 */
export function parseSpiffeId(text: string): SpiffeId {
  if (!text.startsWith(scheme)) throw refusal('does not begin with spiffe://')
  // Only ASCII can pass the character checks below, so characters are bytes.
  if (text.length > maximumLength) throw refusal(`is longer than ${maximumLength} bytes`)
  const [trustDomain = '', ...path] = text.slice(scheme.length).split('/')
  return Object.freeze({
    text,
    trustDomain: parseTrustDomain(trustDomain),
    path: Object.freeze(path.map(parseSegment)),
  })
}

/**
 * Parses the name of a trust domain: 1 to 255 of `a-z`, `0-9`, `.`, `-`, `_` (SPIFFE-ID section 2.1).
 *
 * @throws {CertificateError} with reason `spiffe-id`
 */
export function parseTrustDomain(text: string): string {
  if (text === '') throw refusal('has no trust domain')
  if (text.length > maximumTrustDomainLength) {
    throw refusal(`has a trust domain longer than ${maximumTrustDomainLength} bytes`)
  }
  if (!trustDomainCharacters.test(text)) {
    throw refusal('has a trust domain with characters other than a-z, 0-9, ".", "-" and "_"')
  }
  return text
}

function parseSegment(segment: string): string {
  if (segment === '') throw refusal('has an empty path segment or ends with a slash')
  if (segment === '.' || segment === '..') throw refusal('has a dot segment')
  if (!segmentCharacters.test(segment)) {
    throw refusal('has a path with characters other than A-Z, a-z, 0-9, ".", "-" and "_"')
  }
  return segment
}

function refusal(problem: string): CertificateError {
  return new CertificateError('spiffe-id', `SPIFFE ID ${problem}`)
}
