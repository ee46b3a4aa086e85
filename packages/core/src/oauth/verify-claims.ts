import { TokenError } from '../errors.js'
import type { AccessToken } from './access-token.js'
import { type ClaimsForm, type Profile, wrong } from './profile.js'
import type { Claims } from './strict-claims.js'
import { parseTokenBinding } from './token-binding.js'

/** What is expected of a token. */
export interface Expectation {
  readonly issuer: string
  /** `aud` has to hold one of these, byte for byte. */
  readonly audience: readonly string[]
  readonly profile: Profile
  readonly now: () => number
}

/** Claims that are known to come from the issuer. */
export interface IssuedClaims extends ClaimsForm {
  readonly claims: Claims
  /** base64url SHA-256 of the token. */
  readonly hash: string
}

/** How far the clock of an authorization server may be ahead. An `exp` is not stretched by it. */
const clockTolerance = 30_000

/** The last moment a Date can hold. */
const endOfTime = 8.64e15

/**
 * Checks the claims of a token, of a JWT and of an introspection answer alike, and makes it an access
 * token: issuer, audience, expiry, times, who it speaks for, what it is bound to. Not checked: that the
 * claims are the issuer's, and that the binding holds on the connection.
 *
 * @throws {TokenError}
 */
export function verifyClaims(issued: IssuedClaims, expected: Expectation): AccessToken {
  const { claims, hash } = issued
  const { issuer, profile } = expected
  checkIssuer(issued, issuer)
  if (issued.jwtType !== undefined) checkPresent(claims, profile.requiredClaims)
  const audience = readAudience(claims['aud'], expected.audience)
  const expiresAt = readExpiry(claims['exp'], expected.now())
  checkBeginning(claims, expected.now())
  const { kind, subject, clientId, scopes } = profile.readParty(claims, issued)
  const binding = parseTokenBinding(claims['cnf'])
  return Object.freeze({
    issuer,
    kind,
    subject,
    clientId,
    scopes: Object.freeze([...scopes]),
    audience,
    expiresAt,
    binding,
    claims,
    hash,
  })
}

/**
 * When a token ends, in milliseconds since the epoch.
 *
 * @throws {TokenError} 'claims' if it does not say, 'expired' if that has passed
 */
export function readExpiry(exp: unknown, now: number): number {
  const expiresAt = readTime(exp, 'exp')
  if (expiresAt <= now) throw new TokenError('expired', 'the token has expired')
  return expiresAt
}

/**
 * The `aud` of a token, which has to hold one of those expected.
 *
 * @throws {TokenError} 'audience'
 */
export function readAudience(aud: unknown, expected: readonly string[]): readonly string[] {
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  const texts = audience.filter((entry) => typeof entry === 'string')
  if (texts.length !== audience.length || !texts.some((entry) => expected.includes(entry)))
    throw new TokenError('audience', 'the token was not issued for this resource')
  return Object.freeze(texts)
}

/** An introspection answer need not repeat the issuer that was asked (RFC 7662 section 2.2). */
function checkIssuer({ claims, jwtType }: IssuedClaims, issuer: string): void {
  const { iss } = claims
  if (iss === issuer || (iss === undefined && jwtType === undefined)) return
  throw new TokenError('unknown-issuer', 'the token names another issuer')
}

function checkPresent(claims: Claims, required: readonly string[]): void {
  const missing = required.find((name) => claims[name] === undefined || claims[name] === null)
  if (missing !== undefined) throw wrong(missing)
  if (required.includes('jti') && typeof claims['jti'] !== 'string') throw wrong('jti')
}

function checkBeginning(claims: Claims, now: number): void {
  for (const name of ['iat', 'nbf']) {
    if (claims[name] === undefined) continue
    if (readTime(claims[name], name) > now + clockTolerance)
      throw new TokenError('not-yet-valid', `the claim ${name} lies in the future`)
  }
}

/** NumericDate of RFC 7519 section 2, in milliseconds. */
function readTime(value: unknown, name: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value * 1000 <= endOfTime)) throw wrong(name)
  return value * 1000
}
