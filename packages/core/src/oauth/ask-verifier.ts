import { TokenError } from '../errors.js'
import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import type { AccessToken } from './access-token.js'
import { unavailable } from './bounded-fetch.js'
import type { TokenVerifier } from './options.js'
import { isPartyName, isScope, wrong } from './profile.js'
import { type Claims, copyClaims } from './strict-claims.js'
import { parseTokenBinding } from './token-binding.js'
import { readAudience, readExpiry } from './verify-claims.js'

/** A verifier the application has, and what its answers are measured by. */
export interface VerifierSettings {
  readonly verifier: TokenVerifier
  readonly authorizationServers: readonly string[]
  readonly resource: string
  readonly now: () => number
}

const milliseconds = 5_000

/** Names of the SDK's errors that say nothing about the token. */
const outages: ReadonlySet<unknown> = new Set([
  'ServerError',
  'TemporarilyUnavailableError',
  'server_error',
  'temporarily_unavailable',
])

/**
 * Asks the application's verifier about a token, at most 5 seconds, and checks of its answer what this
 * library promises of every token: client, scopes, expiry, resource, issuer, binding. The resource is
 * `resource`, or `extra.aud` where that is absent; one of them has to be there, and each that is has to be
 * this server. The issuer is `extra.iss`, which has to be one of the authorization servers and may be
 * absent where there is one only: a user of one would be taken for another's. The user is `extra.sub`, without which the token speaks for the client. What is thrown is not
 * repeated: its text may be the token's.
 *
 * @throws {TokenError} also where the verifier throws
 * @throws {RequestError} 503, −32603, where the verifier says that it is unavailable, or takes too long
 */
export async function askVerifier(
  { token, hash }: { readonly token: string; readonly hash: string },
  settings: VerifierSettings,
): Promise<AccessToken> {
  const answer: unknown = await answerOf(token, settings.verifier)
  if (!isJsonObject(answer))
    throw new TokenError('inactive', 'the verifier does not know the token')
  const claims = copyClaims(isJsonObject(answer['extra']) ? answer['extra'] : {})
  if (claims === undefined) throw wrong('extra')
  const { clientId } = answer
  if (!isPartyName(clientId)) throw wrong('clientId')
  const subject = claims['sub'] ?? clientId
  if (!isPartyName(subject)) throw wrong('sub')
  return Object.freeze({
    issuer: readIssuer(claims['iss'], settings.authorizationServers),
    kind: subject === clientId ? 'client' : 'user',
    subject,
    clientId,
    scopes: readScopes(answer['scopes']),
    audience: readResource(answer['resource'], claims, settings.resource),
    expiresAt: readExpiry(answer['expiresAt'], settings.now()),
    binding: parseTokenBinding(claims['cnf']),
    claims,
    hash,
  })
}

async function answerOf(token: string, verifier: TokenVerifier): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = unavailable('the verifier did not answer in time')
    timer = setTimeout(() => reject(error), milliseconds)
  })
  const asked = Promise.resolve()
    .then(() => verifier.verifyAccessToken(token))
    .catch((error: unknown) => {
      throw refusalOf(error)
    })
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

function refusalOf(error: unknown): Error {
  const marks: JsonObject = isJsonObject(error) ? error : {}
  const isOutage = [marks['name'], marks['code'], marks['errorCode'], nameOf(error)].some((mark) =>
    outages.has(mark),
  )
  return isOutage
    ? unavailable('the verifier is not available')
    : new TokenError('inactive', 'the verifier refused the token')
}

/** The SDK's errors have the name `Error` and a class of their own. */
function nameOf(error: unknown): unknown {
  return error instanceof Error ? error.constructor.name : undefined
}

function readIssuer(iss: unknown, authorizationServers: readonly string[]): string {
  const [only, another] = authorizationServers
  const issuer = iss === undefined && another === undefined ? only : iss
  const known = authorizationServers.find((server) => server === issuer)
  if (known === undefined)
    throw new TokenError('unknown-issuer', 'the token is of no authorization server of the options')
  return known
}

function readScopes(scopes: unknown): readonly string[] {
  if (!Array.isArray(scopes) || !scopes.every(isScope)) throw wrong('scopes')
  return Object.freeze([...new Set<string>(scopes)])
}

function readResource(named: unknown, claims: Claims, resource: string): readonly string[] {
  if (named === undefined) return readAudience(claims['aud'], [resource])
  // A URL of the same text reads the same; what it was made of is not kept.
  if (!(named instanceof URL) || named.href !== new URL(resource).href)
    throw new TokenError('audience', 'the token was not issued for this resource')
  return claims['aud'] === undefined
    ? Object.freeze([resource])
    : readAudience(claims['aud'], [resource])
}
