import { ConfigurationError } from '../errors.js'
import { signatureAlgorithms } from './compact-jws.js'
import type { OAuthOptions } from './options.js'
import { defineScopes } from './scopes.js'

/** The protected resource metadata of one MCP server (RFC 9728); frozen, from the configuration alone. */
export interface ResourceMetadata {
  /** Where it is served, the path of `url` first. */
  readonly paths: readonly string[]
  /** The well-known URL of the resource, for `resource_metadata` in challenges. */
  readonly url: string
  /** The JSON document. */
  readonly document: string
}

/** What of it the guard enforces. */
export interface MetadataFacts {
  /** No token is taken that is not bound to the caller's certificate. */
  readonly bound: boolean
  /** DPoP proofs are verified. */
  readonly dpop: boolean
}

const wellKnown = '/.well-known/oauth-protected-resource'
const longest = 2048
// RFC 3986 without query and fragment; the URL parser lets more through, such as a quote in the host.
const uri = /^[\w.~:/[\]@!$&'()*+,;=%-]+$/

/**
 * Checks the `resource` of the configuration: an https URI in canonical form, without user, query and
 * fragment. A query is refused although RFC 9728 section 3.1 has a place for it: a well-known path cannot
 * be told apart by one.
 *
 * @throws {ConfigurationError}
 */
export function parseResource(text: string): URL {
  const url = URL.canParse(text) && text.length <= longest ? new URL(text) : undefined
  if (url?.protocol !== 'https:') {
    throw new ConfigurationError(
      'oauth.resource: write the https URL clients use, such as https://mcp.example.com/mcp',
    )
  }
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) {
    throw new ConfigurationError('oauth.resource: leave out user, query and fragment')
  }
  if (!uri.test(text) || (text !== url.href && `${text}/` !== url.href)) {
    throw new ConfigurationError(
      `oauth.resource: write it in canonical form and plain ASCII, as in ${url.href}`,
    )
  }
  return url
}

/**
 * Creates the metadata document and its places: the well-known URL of the resource (RFC 9728 section 3.1)
 * and the one at the root, which clients ask second.
 *
 * `dpop_bound_access_tokens_required` is left out: a token that is not bound to a key is taken too.
 *
 * @throws {ConfigurationError} for a `resource`, an authorization server or a scope that is none
 */
export function createResourceMetadata(
  options: OAuthOptions,
  facts: MetadataFacts,
): ResourceMetadata {
  const { origin, pathname } = parseResource(options.resource)
  const path = pathname === '/' ? wellKnown : `${wellKnown}${pathname}`
  // SDK clients drop a slash at the end of the path before they ask.
  const paths = new Set([path, path.replace(/\/$/, ''), wellKnown])
  return Object.freeze({
    paths: Object.freeze([...paths]),
    url: `${origin}${path}`,
    document: JSON.stringify(toDocument(options, facts)),
  })
}

/** Members without a value are left out (RFC 9728 section 2). */
function toDocument(
  options: OAuthOptions,
  { bound, dpop }: MetadataFacts,
): Readonly<Record<string, unknown>> {
  const scopes = defineScopes(options.scopes ?? [])
  return {
    resource: options.resource,
    authorization_servers: authorizationServersOf(options),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    ...(bound && { tls_client_certificate_bound_access_tokens: true }),
    ...(dpop && { dpop_signing_alg_values_supported: signatureAlgorithms }),
  }
}

function authorizationServersOf(options: OAuthOptions): readonly string[] {
  const servers = options.issuers?.map(({ issuer }) => issuer) ?? options.authorizationServers ?? []
  if (servers.length === 0 || !servers.every(isIssuer)) {
    throw new ConfigurationError(
      'oauth: name at least one authorization server by its issuer, an https URL without query and fragment',
    )
  }
  return [...new Set(servers)]
}

/** RFC 8414 section 2. */
function isIssuer(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:' && !/[?#]/.test(text)
}
