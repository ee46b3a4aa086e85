import type { AccessToken } from './access-token.js'
import { createBoundedFetch, unavailable } from './bounded-fetch.js'
import { signatureAlgorithms } from './compact-jws.js'
import { createDiscovery } from './discover.js'
import { createIntrospection, type Introspect } from './introspect.js'
import { createGivenKeySet, createKeySet, type KeySet } from './key-set.js'
import type { IssuerOptions } from './options.js'
import { profiles } from './profile.js'
import type { Believed } from './token-cache.js'
import type { Expectation } from './verify-claims.js'
import { type PresentedJwt, verifyJwt } from './verify-jwt.js'

/** One authorization server, with the keys, the metadata and the connections that are its own. */
export interface Issuer {
  readonly issuer: string
  /** Absent where its tokens are only asked about. */
  readonly verifyJwt?: (jwt: PresentedJwt) => Promise<Believed>
  /** Absent where it is not asked; undefined where the token is not active. */
  readonly introspect?: (token: string, hash: string) => Promise<Believed | undefined>
  close(): void
}

/** A JWT is believed for no longer without its key being looked at. */
const jwtBelieved = 5 * 60_000
const defaultCacheSeconds = 30

/**
 * Creates one issuer out of checked options. Its JWTs are verified by its keys, unless it has
 * `introspection` and no `jwks`: then every token of it is asked about.
 */
export function createIssuer(
  { resource, options }: { readonly resource: string; readonly options: IssuerOptions },
  now: () => number,
): Issuer {
  const { issuer, introspection, jwks } = options
  const { ask, close } = createBoundedFetch(options.fetch)
  const discover = createDiscovery({ issuer, ask }, now)
  const expected: Expectation = {
    issuer,
    audience: [options.audience ?? resource].flat(),
    profile: profiles[options.profile ?? 'rfc9068'],
    now,
  }
  const loadKeys = async (): Promise<unknown> => {
    const url = typeof jwks === 'string' ? jwks : (await discover()).jwksUri
    if (url === undefined) throw unavailable('the metadata of the issuer names no keys')
    return (await ask(url)).document
  }
  const createKeys = (): KeySet =>
    typeof jwks === 'object' ? createGivenKeySet(jwks) : createKeySet(loadKeys, now)
  const verifiesJwts = jwks !== undefined || introspection === undefined
  return Object.freeze({
    issuer,
    close,
    ...(verifiesJwts && {
      verifyJwt: verifierOf({
        ...expected,
        algorithms: options.algorithms ?? signatureAlgorithms,
        keys: createKeys(),
      }),
    }),
    ...(introspection && {
      introspect: introspectorOf(
        createIntrospection({ options: introspection, ask, discover }, expected),
        { seconds: introspection.cacheSeconds ?? defaultCacheSeconds, now },
      ),
    }),
  })
}

function verifierOf(expected: Parameters<typeof verifyJwt>[1]): NonNullable<Issuer['verifyJwt']> {
  return async (jwt) => {
    const since = expected.now()
    const token = await verifyJwt(jwt, expected)
    return believe(token, since + jwtBelieved)
  }
}

function introspectorOf(
  introspect: Introspect,
  { seconds, now }: { readonly seconds: number; readonly now: () => number },
): NonNullable<Issuer['introspect']> {
  return async (text, hash) => {
    // From the question on: the token may be revoked while the answer is under way.
    const until = now() + seconds * 1000
    const token = await introspect(text, hash)
    return token && believe(token, until)
  }
}

function believe(token: AccessToken, until: number): Believed {
  return { token, until: Math.min(until, token.expiresAt) }
}
