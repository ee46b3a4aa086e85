import { ConfigurationError } from '../errors.js'
import { isJsonObject } from '../mcp/json-object.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { ClaimMatcher, ClaimsMatcher, TokenMatcher } from './definition.js'
import { checkPatternText, quote } from './pattern.js'
import { toList } from './to-list.js'

/** A value a claim can be compared with; the type counts. */
type ClaimValue = string | number | boolean

/** One thing an assignment asks of a token. */
export interface TokenCriterion {
  /** A token can only match if `toTokenKeys` gives one of these keys for it. */
  readonly indexKeys: readonly string[]
  /** Where in the claims the keys are read, if they are claims. */
  readonly claim?: ClaimPath
  matches(token: AccessToken): boolean
}

/** The names that lead to a claim. `text` stands for them in keys. */
export interface ClaimPath {
  readonly text: string
  readonly names: readonly string[]
}

/** What every token has: for criteria that tell few tokens apart. */
const anyToken = 'token'

/** What an assignment asks of a token, each of which has to be so. `any` is one criterion, too. */
export function parseTokenMatcher(matcher: 'any' | TokenMatcher): readonly TokenCriterion[] {
  if (matcher === 'any') return [{ indexKeys: [anyToken], matches: () => true }]
  const criteria = [...selectiveCriteria(matcher), ...commonCriteria(matcher)]
  // INVARIANT: none is what an assignment has that asks for no token, and a policy with this does not load.
  return criteria.length > 0 ? criteria : [{ indexKeys: [anyToken], matches: () => false }]
}

/** The index keys of every criterion that could match a token. */
export function toTokenKeys(token: AccessToken, claims: readonly ClaimPath[]): readonly string[] {
  const subject = token.kind === 'user' ? [`subject=${token.subject}`] : []
  const values = claims.flatMap((path) =>
    readClaim(token.claims, path)
      .filter(isClaimValue)
      .map((value) => toClaimKey(path, value)),
  )
  return [anyToken, `client=${token.clientId}`, ...subject, ...values]
}

/**
 * Checks one value a part of a token is compared with.
 *
 * @throws {ConfigurationError}
 */
export function checkTokenText(key: 'issuer' | 'subject' | 'client', text: string): void {
  checkPatternText(text)
  if (text.includes('*')) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard, but ${key} is compared exactly: write each value in a list, or "token: any"`,
    )
  }
}

/**
 * Checks a scope as it can stand in a token and in a challenge (RFC 6749 section 3.3).
 *
 * @throws {ConfigurationError}
 */
export function checkScope(text: string): void {
  checkPatternText(text)
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)) {
    throw new ConfigurationError(
      `${quote(text)} is no scope of OAuth: write each as an entry of its own, without spaces, quotes and "\\"`,
    )
  }
}

function selectiveCriteria({ subject, client, claims = {} }: TokenMatcher): TokenCriterion[] {
  const subjects = toList(subject)
  const clients = toList(client)
  const criteria: TokenCriterion[] = []
  if (subjects.length > 0) {
    criteria.push({
      indexKeys: subjects.map((each) => `subject=${each}`),
      // A client whose id is the `sub` of a user is not that user (RFC 9068 section 5).
      matches: (token) => token.kind === 'user' && subjects.includes(token.subject),
    })
  }
  if (clients.length > 0) {
    criteria.push({
      indexKeys: clients.map((each) => `client=${each}`),
      matches: (token) => clients.includes(token.clientId),
    })
  }
  return [...criteria, ...claimCriteria(claims, [])]
}

function commonCriteria({ issuer, kind, scopes }: TokenMatcher): TokenCriterion[] {
  const issuers = toList(issuer)
  const anyOf = toList(scopes)
  const conditions: TokenCriterion['matches'][] = []
  if (issuers.length > 0) conditions.push((token) => issuers.includes(token.issuer))
  if (kind !== undefined) conditions.push((token) => token.kind === kind)
  if (anyOf.length > 0) conditions.push(({ scopes: held }) => anyOf.some((s) => held.includes(s)))
  return conditions.map((matches) => ({ indexKeys: [anyToken], matches }))
}

function claimCriteria(claims: ClaimsMatcher, above: readonly string[]): TokenCriterion[] {
  return Object.entries(claims).flatMap(([name, matcher]) => {
    const names = [...above, name]
    return isClaims(matcher) ? claimCriteria(matcher, names) : [claimCriterion(names, matcher)]
  })
}

function claimCriterion(
  names: readonly string[],
  matcher: Exclude<ClaimMatcher, ClaimsMatcher>,
): TokenCriterion {
  const claim: ClaimPath = { text: JSON.stringify(names), names }
  const wanted: readonly unknown[] = isClaimValue(matcher) ? [matcher] : matcher
  return {
    claim,
    indexKeys: wanted.filter(isClaimValue).map((value) => toClaimKey(claim, value)),
    matches: ({ claims }) => readClaim(claims, claim).some((value) => wanted.includes(value)),
  }
}

function isClaims(matcher: ClaimMatcher): matcher is ClaimsMatcher {
  return isJsonObject(matcher)
}

function isClaimValue(value: unknown): value is ClaimValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** The values of a claim: those of a list, or the one it is; none where there is no such claim. */
function readClaim(claims: unknown, { names }: ClaimPath): readonly unknown[] {
  let value = claims
  for (const name of names) {
    // Own properties alone: every object inherits some, and no authorization server wrote those.
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return []
    value = value[name]
  }
  return Array.isArray(value) ? value : [value]
}

function toClaimKey({ text }: ClaimPath, value: ClaimValue): string {
  return `claim=${text}=${typeof value}:${value}`
}
