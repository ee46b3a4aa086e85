import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type MtlsFetch, mtlsFetch } from '@mcp-mtls/client'
import type { CryptoKey, JSONWebKeySet } from 'jose'
import type { ClientCertificate } from '../certificates.js'
import {
  createKnownTokens,
  type IntrospectionClient,
  introspect,
  type KnownTokens,
} from './introspection.js'
import { type Misbehaviour, misbehave, redirectPrefix } from './misbehaviour.js'
import { createRequestCounts } from './request-counts.js'
import { type ServerCertificates, serveHttps, writeJson } from './serve-https.js'
import { createSigningKeys, type SigningKeys } from './signing-keys.js'

/** What a token is to say; everything has a default that RFC 9068 finds valid. */
export interface TokenRequest {
  /** Default `alice`. */
  readonly sub?: string
  /** Default `agent`. */
  readonly clientId?: string
  readonly scope?: string
  /** Default: the issuer's. */
  readonly audience?: string | readonly string[]
  readonly cnf?: Readonly<Record<string, unknown>>
  /** Over all other claims; `undefined` leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Seconds from now, default 300; negative for an expired one. */
  readonly expiresIn?: number
  /** The payload as text, in place of all claims: for duplicate members and other strange shapes. */
  readonly payload?: string
  /** Default `at+jwt`. */
  readonly typ?: string
  /** Default `ES256`; the issuer has keys for EdDSA and RS256 too. `none` is unsecured. */
  readonly alg?: string
  /** Default: that of the key. */
  readonly kid?: string
  /** Over all other header parameters; `undefined` leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Signs in place of the issuer's own key. */
  readonly key?: CryptoKey | Uint8Array
}

export interface TokenIssuerOptions {
  readonly certificates: ServerCertificates
  /** What `fetch` presents. */
  readonly outbound: ClientCertificate
  /** The `aud` of tokens that name no other; default `https://mcp.acme.test/mcp`. */
  readonly audience?: string
}

/** An authorization server that issues whatever a test wants, and fails as it wants. */
export interface TokenIssuer {
  /** The issuer identifier: its origin. */
  readonly url: string
  /** For a resource server: trusts the CA and presents a certificate. */
  readonly fetch: MtlsFetch
  /** Paths of what it serves, as {@link requests} counts them. */
  readonly paths: typeof paths
  /** The URL of its key set. */
  readonly jwksUrl: string
  /** Where and as whom opaque tokens are asked about. */
  readonly introspection: IntrospectionClient & { readonly url: string }
  /** A JWT; introspection knows it too. */
  issue(request?: TokenRequest): Promise<string>
  /** A token without structure that only introspection knows. */
  issueOpaque(request?: TokenRequest): string
  /** Introspection calls it inactive from now on. */
  revoke(token: string): void
  keys(): JSONWebKeySet
  /** Signs by new keys. The old ones stay published unless `keep` is false. */
  rotateKeys(options?: { readonly keep?: boolean }): Promise<void>
  /** Requests so far, of one path or all. */
  requests(path?: string): number
  /** From now on every request, or those of one path, fail in this way; `undefined`: none does. */
  misbehave(how: Misbehaviour | undefined, path?: string): void
  close(): Promise<void>
}

const paths = {
  metadata: '/.well-known/oauth-authorization-server',
  jwks: '/jwks',
  introspection: '/introspect',
} as const

/** Starts an issuer on loopback, over https, with metadata (RFC 8414), keys and introspection (RFC 7662). */
export async function startTokenIssuer(options: TokenIssuerOptions): Promise<TokenIssuer> {
  const { certificates, audience = 'https://mcp.acme.test/mcp' } = options
  const keys = await createSigningKeys()
  const tokens = createKnownTokens()
  const client = { clientId: 'resource-server', clientSecret: randomUUID() }
  const counts = createRequestCounts()
  let failing: { readonly how: Misbehaviour; readonly path?: string } | undefined
  const server = await serveHttps(certificates, (req, res) => {
    const path = counts.add(req.url)
    if (failing && (failing.path ?? path) === path) return misbehave(res, failing.how, path)
    answer(req, res, { origin: server.origin, path, keys, client, tokens })
  })
  const fetch = mtlsFetch({ ...options.outbound, origins: [server.origin] })
  const toClaims = (request: TokenRequest) => claimsOf(request, { iss: server.origin, audience })
  return {
    url: server.origin,
    fetch,
    paths,
    jwksUrl: `${server.origin}${paths.jwks}`,
    introspection: { ...client, url: `${server.origin}${paths.introspection}` },
    async issue(request = {}) {
      const claims = toClaims(request)
      const token = await sign(keys, request, claims)
      tokens.remember(token, claims)
      return token
    },
    issueOpaque(request = {}) {
      const token = `canary-of-an-opaque-token-${randomUUID()}`
      tokens.remember(token, toClaims(request))
      return token
    },
    revoke: tokens.revoke,
    keys: keys.published,
    rotateKeys: ({ keep = true } = {}) => keys.rotate(keep),
    requests: counts.of,
    misbehave(how, path) {
      failing = how && { how, ...(path !== undefined && { path }) }
    },
    close: () => server.close().finally(() => fetch.close()),
  }
}

interface Serving {
  readonly origin: string
  readonly path: string
  readonly keys: SigningKeys
  readonly client: IntrospectionClient
  readonly tokens: KnownTokens
}

function answer(req: IncomingMessage, res: ServerResponse, serving: Serving): void {
  const path = serving.path.replace(redirectPrefix, '')
  if (path === paths.introspection) introspect(req, res, serving).catch(() => res.destroy())
  else if (path === paths.metadata) writeJson(res, 200, toMetadata(serving.origin))
  else if (path === paths.jwks) writeJson(res, 200, serving.keys.published())
  else writeJson(res, 404, { error: 'not_found' })
}

/** RFC 8414 section 2. */
function toMetadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}${paths.jwks}`,
    introspection_endpoint: `${issuer}${paths.introspection}`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'tls_client_auth'],
    response_types_supported: ['code'],
  }
}

function sign(keys: SigningKeys, request: TokenRequest, claims: object): Promise<string> {
  const { typ = 'at+jwt', alg = 'ES256', kid, key } = request
  return keys.sign({
    alg,
    payload: request.payload ?? JSON.stringify(claims),
    header: { typ, ...(kid !== undefined && { kid }), ...request.header },
    ...(key && { key }),
  })
}

function claimsOf(
  request: TokenRequest,
  defaults: { readonly iss: string; readonly audience: string },
): Readonly<Record<string, unknown>> {
  const { sub = 'alice', clientId = 'agent', scope, cnf, expiresIn = 300 } = request
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: defaults.iss,
    aud: request.audience ?? defaults.audience,
    sub,
    client_id: clientId,
    iat: Math.min(now, now + expiresIn),
    exp: now + expiresIn,
    jti: randomUUID(),
    // Nothing may ever show it: the test command looks for it in whatever the suite prints.
    note: 'canary-of-a-claim',
    ...(scope !== undefined && { scope }),
    ...(cnf && { cnf }),
    ...request.claims,
  }
}
