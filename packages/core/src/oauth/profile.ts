import { TokenError } from '../errors.js'
import type { AccessToken } from './access-token.js'
import type { TokenProfile } from './options.js'
import type { Claims } from './strict-claims.js'
import { isBoundToKey } from './token-binding.js'

/** Whom a token speaks for and what it was given for. */
type TokenParty = Pick<AccessToken, 'kind' | 'subject' | 'clientId' | 'scopes'>

/** Where the claims come from: out of a JWT with this `typ`, or from introspection. */
export interface ClaimsForm {
  /** The `typ` of the header, in lower case and without `application/`; absent for introspection. */
  readonly jwtType?: string
}

/** What the access tokens of one kind of authorization server are like. */
export interface Profile {
  /** The `typ` a JWT may have; what else an authorization server signs has another. */
  readonly jwtTypes: readonly string[]
  /** What a JWT must claim besides `iss`, `exp` and `aud`. */
  readonly requiredClaims: readonly string[]
  /** @throws {TokenError} 'type' or 'claims' */
  readParty(claims: Claims, form: ClaimsForm): TokenParty
}

/** RFC 9068, and RFC 7662 for tokens that are asked about. */
const rfc9068: Profile = Object.freeze({
  jwtTypes: ['at+jwt'],
  requiredClaims: ['sub', 'client_id', 'iat', 'jti'],
  readParty(claims: Claims): TokenParty {
    const clientId = readName(claims, 'client_id')
    // RFC 7662 lets `sub` be absent. A token with a user name is a user's, whoever leaves `sub` out.
    if (claims['sub'] === undefined && claims['username'] !== undefined) throw wrong('sub')
    const subject = claims['sub'] === undefined ? clientId : readName(claims, 'sub')
    const kind = subject === clientId ? 'client' : 'user'
    return { kind, subject, clientId, scopes: parseScopes(claims['scope']) }
  },
})

/**
 * Keycloak: `typ` is `JWT` unless the realm says otherwise, so that the claim `typ` tells access tokens
 * from ID and refresh tokens; the client is in `azp`; `sub` is the id of a user also for a service account.
 */
const keycloak: Profile = Object.freeze({
  jwtTypes: ['jwt', 'at+jwt'],
  requiredClaims: ['sub', 'iat', 'jti'],
  readParty(claims: Claims, { jwtType }: ClaimsForm): TokenParty {
    const type = claims['typ']
    const bearer =
      type === undefined
        ? jwtType !== 'jwt'
        : type === 'Bearer' || (type === 'DPoP' && isBoundToKey(claims))
    if (!bearer) throw new TokenError('type', 'the claim typ is not that of an access token')
    const clientId = readEither(claims, ['client_id', 'azp'])
    const sub = readName(claims, 'sub')
    const kind = sub === clientId || isServiceAccount(claims, clientId) ? 'client' : 'user'
    const subject = kind === 'client' ? clientId : sub
    return { kind, subject, clientId, scopes: parseScopes(claims['scope']) }
  },
})

/**
 * Microsoft Entra ID, tokens of version 2.0. An ID token has neither the client that asked (`azp`) nor
 * what it may do (`scp`, or `roles` of an application that acts for itself).
 */
const entra: Profile = Object.freeze({
  jwtTypes: ['jwt'],
  requiredClaims: ['sub', 'iat', 'ver'],
  readParty(claims: Claims): TokenParty {
    if (claims['ver'] !== '2.0') throw wrong('ver')
    if (['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined))
      throw new TokenError('type', 'the token has claims of an ID token')
    const clientId = readEither(claims, ['azp', 'appid'])
    const sub = readName(claims, 'sub')
    const kind = isApplication(claims) ? 'client' : 'user'
    // Roles of a user are in ID tokens as well; what the client may do for the user is not.
    if (kind === 'user' ? claims['scp'] === undefined : !hasEntries(claims['roles']))
      throw new TokenError('type', 'the token has neither scp nor the roles of an application')
    const subject = kind === 'client' ? clientId : sub
    return { kind, subject, clientId, scopes: parseScopes(claims['scp']) }
  },
})

/** The profiles by name. */
export const profiles: Readonly<Record<TokenProfile, Profile>> = Object.freeze({
  rfc9068,
  keycloak,
  entra,
})

/** Names of users and clients: no control characters, no halves of characters, of bounded length. */
export function isPartyName(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,1024}$/u.test(value)
}

/**
 * Parses scopes (RFC 6749 section 3.3), each once; none where the claim is absent.
 *
 * @throws {TokenError} 'claims'
 */
export function parseScopes(value: unknown): readonly string[] {
  if (value === undefined) return []
  if (typeof value !== 'string') throw wrong('scope')
  const scopes = value.split(' ').filter((scope) => scope !== '')
  if (!scopes.every(isScope)) throw wrong('scope')
  return [...new Set(scopes)]
}

/** `scope-token` of RFC 6749 section 3.3. */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)
}

/** Refuses a token for one claim, by its name alone. */
export function wrong(claim: string): TokenError {
  return new TokenError('claims', `the claim ${claim} is missing or is not what it has to be`)
}

function readName(claims: Claims, claim: string): string {
  const value = claims[claim]
  if (!isPartyName(value)) throw wrong(claim)
  return value
}

/** The one value of two claims; where both are there they have to be equal. */
function readEither(claims: Claims, [first, second]: readonly [string, string]): string {
  if (claims[first] === undefined) return readName(claims, second)
  if (claims[second] !== undefined && claims[second] !== claims[first]) throw wrong(second)
  return readName(claims, first)
}

/**
 * Both marks Keycloak gives a client's own token: the claim `client_id`, which the scope `service_account`
 * adds to no user's token, and the user name kept for it, which alone a user might have taken.
 */
function isServiceAccount(claims: Claims, clientId: string): boolean {
  return (
    claims['client_id'] === clientId &&
    claims['preferred_username'] === `service-account-${clientId.toLowerCase()}`
  )
}

/** An application acting for itself: `idtyp` says so where it is issued, else its `sub` is its own object. */
function isApplication(claims: Claims): boolean {
  if (claims['scp'] !== undefined && claims['idtyp'] === 'app') throw wrong('idtyp')
  if (claims['scp'] !== undefined) return false
  return claims['idtyp'] === undefined ? claims['sub'] === claims['oid'] : claims['idtyp'] === 'app'
}

function hasEntries(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}
