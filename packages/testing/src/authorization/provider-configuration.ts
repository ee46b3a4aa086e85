import { randomBytes } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { exportJWK, generateKeyPair } from 'jose'
import {
  type ClientMetadata,
  type Configuration,
  errors,
  type JWK,
  type KoaContextWithOIDC,
  type MTLSConfiguration,
} from 'oidc-provider'
import { createProviderStorage } from './provider-storage.js'

/** A resource server as an authorization server knows it (RFC 8707). */
export interface Resource {
  /** Scopes it knows; whoever signs in is granted those the client asks for. */
  readonly scopes: readonly string[]
  /** Default `jwt`: RFC 9068. `opaque` tokens have to be introspected. */
  readonly format?: 'jwt' | 'opaque'
  /** Seconds, default 300. */
  readonly expiresIn?: number
}

export interface ProviderSetup {
  readonly clients: readonly ClientMetadata[]
  /** What tokens of an account say beside its `sub`. */
  readonly claims: (account: string) => Readonly<Record<string, unknown>>
  readonly resources: ReadonlyMap<string, Resource>
  /** Every scope of every resource there may be: what clients can register with. */
  readonly scopes: readonly string[]
  /** Fetches client metadata documents. */
  readonly fetch: typeof fetch
}

const hour = 3600

/** The settings of an authorization server that signs by one P-256 key and asks its users nothing. */
export async function configureProvider(setup: ProviderSetup): Promise<Configuration> {
  return {
    adapter: createProviderStorage(),
    clients: [...setup.clients],
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: ['authorization_code'] },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'tls_client_auth'],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: featuresOf(setup),
    fetch: setup.fetch,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    extraTokenClaims: (_, token) =>
      'accountId' in token && typeof token.accountId === 'string'
        ? setup.claims(token.accountId)
        : undefined,
    jwks: { keys: [await createSigningKey()] },
    loadExistingGrant: grantWhatIsAsked,
    renderError: (ctx, out) => {
      ctx.type = 'json'
      ctx.body = out
    },
    scopes: ['openid', ...setup.scopes],
    ttl: {
      AccessToken: 300,
      ClientCredentials: 300,
      Session: hour,
      Grant: hour,
      Interaction: hour,
      IdToken: hour,
    },
  }
}

type Features = NonNullable<Configuration['features']>

function featuresOf({ resources }: ProviderSetup): Features {
  return {
    clientCredentials: { enabled: true },
    clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: randomBytes(32) },
    introspection: {
      enabled: true,
      allowedPolicy: (_, client) => client.clientAuthMethod !== 'none',
    },
    mTLS,
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => toResourceServer(resources.get(resource), resource),
      useGrantedResource: () => true,
    },
    revocation: {
      enabled: true,
      allowedPolicy: (_, client, token) => client.clientId === token.clientId,
    },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
  }
}

const mTLS: MTLSConfiguration = {
  enabled: true,
  certificateBoundAccessTokens: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: false,
  getCertificate: ({ socket }) =>
    socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined,
  certificateAuthorized: ({ socket }) => socket instanceof TLSSocket && socket.authorized,
  certificateSubjectMatches: ({ socket }, property, expected) =>
    property === 'tls_client_auth_san_uri' &&
    socket instanceof TLSSocket &&
    namesOf(socket).includes(`URI:${expected}`),
}

function namesOf(socket: TLSSocket): readonly string[] {
  return socket.getPeerX509Certificate()?.subjectAltName?.split(', ') ?? []
}

function toResourceServer(resource: Resource | undefined, audience: string) {
  if (resource === undefined) throw new errors.InvalidTarget('unknown resource')
  const { scopes, format = 'jwt', expiresIn = 300 } = resource
  return {
    audience,
    scope: scopes.join(' '),
    accessTokenFormat: format,
    accessTokenTTL: expiresIn,
    ...(format === 'jwt' && { jwt: { sign: { alg: 'ES256' as const } } }),
  }
}

/** Stands in for the page on which a user consents. */
async function grantWhatIsAsked({ oidc }: KoaContextWithOIDC) {
  const { provider, client, session, resourceServers = {}, requestParamOIDCScopes } = oidc
  if (session?.accountId === undefined || client === undefined) return undefined
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  for (const [resource, { scopes }] of Object.entries(resourceServers)) {
    const asked = [...oidc.requestParamScopes].filter((scope) => scopes.has(scope))
    grant.addResourceScope(resource, asked.join(' '))
  }
  await grant.save()
  return grant
}

async function createSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const { kty = '', ...rest } = await exportJWK(privateKey)
  return { ...rest, kty, alg: 'ES256', use: 'sig', kid: 'ES256-1' }
}
