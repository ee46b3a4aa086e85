import type { JSONWebKeySet } from 'jose'

/** How the access tokens of an authorization server differ from RFC 9068. */
export type TokenProfile = 'rfc9068' | 'keycloak' | 'entra'

/** A `fetch`, such as `mtlsFetch` of `@mcp-mtls/client` where the server's CA is private or asks for a certificate. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** Where opaque tokens are asked about (RFC 7662). */
export interface IntrospectionOptions {
  /** The endpoint, https; absent: as the authorization server's metadata names it. */
  readonly url?: string
  /** Who asks. Without `clientSecret` the client is known by the certificate `fetch` presents (RFC 8705 section 2). */
  readonly clientId: string
  readonly clientSecret?: string
  /** Seconds an active answer is believed, at most 300; default 30. A revoked token is taken for no longer than that. */
  readonly cacheSeconds?: number
}

/** One authorization server. Its keys verify its own tokens and nobody else's. */
export interface IssuerOptions {
  /** Its issuer identifier, an https URL, compared byte for byte with `iss` (RFC 8414 section 2). */
  readonly issuer: string
  /** Its keys: an https URL, or the key set itself; absent: as its metadata names them (RFC 8414, OpenID Connect Discovery). */
  readonly jwks?: string | JSONWebKeySet
  /** What `aud` has to hold one of; absent: the `resource`. */
  readonly audience?: string | readonly string[]
  /** Default `'rfc9068'`: `typ` is `at+jwt`; `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti` are there. */
  readonly profile?: TokenProfile
  /** Signature algorithms to accept; default the asymmetric ones of RFC 7518 and EdDSA. Symmetric ones and `none` never are. */
  readonly algorithms?: readonly string[]
  /** Also, or instead of JWTs, tokens that have to be asked about. */
  readonly introspection?: IntrospectionOptions
  /** Default: the process's own `fetch`. Redirects are refused and answers bounded whichever it is. */
  readonly fetch?: Fetch
}

/** The SDK's own interface for verifying tokens: `OAuthTokenVerifier` of `@modelcontextprotocol/sdk`. */
export interface TokenVerifier {
  verifyAccessToken(token: string): Promise<{
    readonly clientId: string
    readonly scopes: readonly string[]
    /** Seconds since the epoch. */
    readonly expiresAt?: number
    readonly resource?: URL
    readonly extra?: Readonly<Record<string, unknown>>
  }>
}

/** Certificates and the OAuth clients they may act as; the keys are those of an assignment. */
export interface ClientMapping {
  readonly authority?: string | readonly string[]
  readonly spiffe?: string | readonly string[]
  readonly uri?: string | readonly string[]
  readonly dns?: string | readonly string[]
  readonly email?: string | readonly string[]
  readonly cn?: string | readonly string[]
  readonly thumbprint?: string | readonly string[]
  /** Client ids, exact; the id of a client known by its metadata document is a URL. */
  readonly client: string | readonly string[]
  /**
   * The issuer that knows the clients by these ids. Required where there are several: an id is one client of one
   * authorization server; only the URL of a metadata document is the same everywhere.
   */
  readonly tokenIssuer?: string
}

/** What every form of `oauth` takes. */
interface CommonOAuthOptions {
  /** The canonical URI of this MCP server, https, without fragment: what tokens are issued for (RFC 8707) and its metadata names (RFC 9728). */
  readonly resource: string
  /** Scopes a client may ask for, in the metadata; those of the first challenge. */
  readonly scopes?: readonly string[]
  /** Which certificates may act as which clients; absent: any certificate as any client. A certificate no entry names may use no token. */
  readonly clients?: readonly ClientMapping[]
  /** Sender-constrained tokens by DPoP (RFC 9449); absent: a token bound to a key is refused. */
  readonly dpop?: true
}

/** Which credentials a caller needs. A certificate-bound token can only be required where both are. */
type Requirement =
  | { readonly require?: 'both'; readonly binding?: 'required' }
  | { readonly require: 'certificate' | 'token' | 'either'; readonly binding?: never }

/** Who verifies tokens: this library, for authorization servers it is told of, or a verifier the application has. */
type Verification =
  | {
      readonly issuers: readonly [IssuerOptions, ...IssuerOptions[]]
      readonly verifier?: never
      readonly authorizationServers?: never
    }
  | {
      readonly verifier: TokenVerifier
      /** The authorization servers the metadata names; at least one. */
      readonly authorizationServers: readonly [string, ...string[]]
      readonly issuers?: never
    }

/** OAuth 2.1 access tokens beside the certificate. */
export type OAuthOptions = CommonOAuthOptions & Requirement & Verification
