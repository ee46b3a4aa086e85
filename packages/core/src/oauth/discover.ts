import { isJsonObject } from '../mcp/json-object.js'
import { type BoundedFetch, isHttpsUrl, unavailable } from './bounded-fetch.js'
import type { Claims } from './strict-claims.js'

/** What the metadata of an authorization server names that this library asks for. */
interface ServerMetadata {
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
  /** The same for clients that are known by their certificate (RFC 8705 section 5). */
  readonly mtlsIntrospectionEndpoint: string | undefined
}

/** Reads the metadata of one issuer. Rejects with RequestError 503 where it cannot be had. */
export type Discovery = () => Promise<ServerMetadata>

const believed = 60 * 60_000
const failureBelieved = 5_000

/**
 * Creates the discovery of one issuer: at the first call rather than before, once at a time, believed for
 * an hour, and not tried again for 5 seconds where it failed. The document must name the issuer byte for
 * byte (RFC 8414 section 3.3), and its URLs must be https; else it is as good as none.
 */
export function createDiscovery(
  { issuer, ask }: { readonly issuer: string; readonly ask: BoundedFetch['ask'] },
  now: () => number,
): Discovery {
  let known: Promise<ServerMetadata> | undefined
  let until = Number.NEGATIVE_INFINITY
  return () => {
    if (known !== undefined && now() < until) return known
    // While it is under way there is no end: everyone waits for the one answer.
    until = Number.POSITIVE_INFINITY
    known = discover(issuer, ask)
    known.then(
      () => {
        until = now() + believed
      },
      () => {
        until = now() + failureBelieved
      },
    )
    return known
  }
}

/**
 * Where metadata of an issuer may be: RFC 8414 section 3.1, OpenID Connect Discovery put in the same way
 * (RFC 8414 section 5), and OpenID Connect Discovery section 4.
 */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/+$/, '')
  const appended = `${origin}${path}/.well-known/openid-configuration`
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  )
  return [...new Set([...inserted, appended])]
}

async function discover(issuer: string, ask: BoundedFetch['ask']): Promise<ServerMetadata> {
  for (const url of metadataUrls(issuer)) {
    const { document } = await ask(url)
    if (document?.['issuer'] === issuer) return toMetadata(document)
  }
  throw unavailable(`the issuer ${issuer} has no metadata that names it`)
}

function toMetadata(document: Claims): ServerMetadata {
  const aliases = document['mtls_endpoint_aliases']
  return Object.freeze({
    jwksUri: readUrl(document, 'jwks_uri'),
    introspectionEndpoint: readUrl(document, 'introspection_endpoint'),
    mtlsIntrospectionEndpoint: readUrl(aliases, 'introspection_endpoint'),
  })
}

function readUrl(document: unknown, name: string): string | undefined {
  if (!isJsonObject(document)) return undefined
  const url = document[name]
  return isHttpsUrl(url) ? url : undefined
}
