import { RequestError, TokenError } from '../errors.js'
import { type CompactJws, parseCompactJws } from './compact-jws.js'
import type { Issuer } from './issuer.js'
import type { Believed } from './token-cache.js'

/** The text of a token and its hash. */
export interface Presented {
  readonly token: string
  readonly hash: string
}

/**
 * Verifies a token by the issuer it belongs to. A JWT belongs to the one its `iss` names, byte for byte,
 * and only that one's keys, or its introspection, can verify it. An opaque token names nobody: the issuers
 * with introspection are asked in the order of the options, until one says that it is active; so each of
 * them sees the tokens of those after it.
 *
 * @throws {TokenError} also 'inactive' where nobody knows the token
 * @throws {RequestError} 503, −32603, where an issuer could not be asked and no other knows the token
 */
export async function verifyByIssuers(
  presented: Presented,
  issuers: readonly Issuer[],
): Promise<Believed> {
  const parsed = parseCompactJws(presented.token)
  if (parsed === undefined) return introspect(presented, issuers)
  const issuer = issuers.find((candidate) => candidate.issuer === parsed.claims['iss'])
  if (issuer === undefined)
    throw new TokenError('unknown-issuer', 'no issuer of the token is configured')
  return verifyByIssuer({ ...presented, parsed }, issuer)
}

function verifyByIssuer(
  jwt: Presented & { readonly parsed: CompactJws },
  issuer: Issuer,
): Promise<Believed> {
  return issuer.verifyJwt?.(jwt) ?? introspect(jwt, [issuer])
}

async function introspect(
  { token, hash }: Presented,
  issuers: readonly Issuer[],
): Promise<Believed> {
  const asked = issuers.flatMap((issuer) => issuer.introspect ?? [])
  if (asked.length === 0) throw new TokenError('malformed', 'the token is no JWT')
  let failure: RequestError | undefined
  for (const ask of asked) {
    const answer = await ask(token, hash).catch(unlessUnavailable)
    if (answer instanceof RequestError) failure = answer
    else if (answer !== undefined) return answer
  }
  throw failure ?? new TokenError('inactive', 'the token is not active')
}

function unlessUnavailable(error: unknown): RequestError {
  if (error instanceof RequestError) return error
  throw error
}
