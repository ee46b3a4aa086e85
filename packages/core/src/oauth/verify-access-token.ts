import { hash as digest } from 'node:crypto'
import { TokenError } from '../errors.js'
import type { AccessToken } from './access-token.js'
import { askVerifier } from './ask-verifier.js'
import { unavailable } from './bounded-fetch.js'
import { createIssuer } from './issuer.js'
import type { OAuthOptions } from './options.js'
import { type Believed, createTokenCache, type TokenCache } from './token-cache.js'
import { type Presented, verifyByIssuers } from './verify-by-issuers.js'

/** Verifies access tokens for one protected resource. */
export interface TokenVerification {
  /**
   * Verifies the text of a token, presented over a connection whose certificate has this thumbprint
   * (undefined: no certificate). At once, without a promise, where it was verified before for the same
   * thumbprint and is still believed: a JWT for 5 minutes, an introspected token for its `cacheSeconds`,
   * neither past `exp`; what a `verifier` of the application says is not remembered at all. With the 10
   * minutes keys are held, a JWT whose key was withdrawn is taken for 15 minutes at most, while the
   * authorization server answers. A token is verified once at a time, however many requests carry it.
   *
   * Not checked: that the token is bound to the certificate or key of the request (`confirmBinding`, on
   * every request). Asks authorization servers: a peer whose certificate is required and bad must not
   * come here.
   *
   * @throws {TokenError} 401
   * @throws {RequestError} 503, −32603, where keys, introspection or verifier are not available
   */
  verify(token: string, thumbprint: string | undefined): AccessToken | Promise<AccessToken>
  /** Ends what is under way and forgets every token; what is verified afterwards is answered by 503. */
  close(): void
}

/** As much as fits into the headers Node takes, with room for the others. */
const longest = 16_384

type Ask = (presented: Presented) => Promise<Believed>

/** Creates the verification of access tokens. The options have passed `checkOAuthOptions`. */
export function createTokenVerification(
  options: OAuthOptions,
  now: () => number = Date.now,
): TokenVerification {
  const cache = createTokenCache(now)
  const { ask, close } = createAsk(options, { now, cache })
  const pending = new Map<string, Promise<Believed>>()
  let closed = false

  const askOnce = (presented: Presented): Promise<Believed> => {
    const { hash } = presented
    const underWay = pending.get(hash)
    if (underWay !== undefined) return underWay
    const asked = ask(presented).finally(() => pending.delete(hash))
    pending.set(hash, asked)
    return asked
  }
  const verifyAnew = async (presented: Presented, thumbprint: string | undefined) => {
    const believed = await askOnce(presented)
    if (!closed) cache.remember(believed, thumbprint)
    return believed.token
  }
  return Object.freeze({
    verify(token: string, thumbprint: string | undefined) {
      if (token.length > longest) throw new TokenError('malformed', 'the token is too long')
      const hash = digest('sha256', token, 'base64url')
      const known = cache.find(hash, thumbprint)
      if (known !== undefined) return known
      if (closed) throw unavailable('token verification was closed')
      if (cache.isInactive(hash)) throw new TokenError('inactive', 'the token is not active')
      checkCharacters(token)
      return verifyAnew({ token, hash }, thumbprint)
    },
    close() {
      closed = true
      cache.clear()
      close()
    },
  })
}

function createAsk(
  options: OAuthOptions,
  { now, cache }: { readonly now: () => number; readonly cache: TokenCache },
): { readonly ask: Ask; readonly close: () => void } {
  const { resource } = options
  if (options.verifier !== undefined) {
    const { verifier, authorizationServers } = options
    const settings = { verifier, authorizationServers, resource, now }
    const ask: Ask = async (presented) => ({
      token: await askVerifier(presented, settings),
      until: Number.NEGATIVE_INFINITY,
    })
    return { ask, close: () => undefined }
  }
  const issuers = options.issuers.map((issuer) => createIssuer({ resource, options: issuer }, now))
  return {
    ask: (presented) =>
      verifyByIssuers(presented, issuers).catch((error: unknown) =>
        noteInactive(cache, presented.hash, error),
      ),
    close: () => {
      for (const issuer of issuers) issuer.close()
    },
  }
}

function noteInactive(cache: TokenCache, hash: string, error: unknown): never {
  if (error instanceof TokenError && error.reason === 'inactive') cache.rememberInactive(hash)
  throw error
}

/** `b64token` of RFC 6750 section 2.1: what an Authorization header can carry. */
function checkCharacters(token: string): void {
  if (!/^[\w.~+/-]+=*$/.test(token))
    throw new TokenError('malformed', 'the token has characters a token cannot have')
}
