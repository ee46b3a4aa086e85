import { configurationError } from './errors.js'

/** Decides which origins the client certificate is presented to. */
export interface CertifiedOrigins {
  /**
   * Called with every request before it is sent; the first one settles the origin where none is listed.
   *
   * @throws {MtlsClientError} when no origin is settled and this request may not settle it
   */
  readonly settle: (url: URL, init: RequestInit | undefined) => void
  readonly has: (origin: string) => boolean
}

/**
 * The origins listed, or, without a list, the one of the first request.
 *
 * @throws {MtlsClientError} when an entry is no https origin, or the list is empty
 */
export function createCertifiedOrigins(listed: readonly string[] | undefined): CertifiedOrigins {
  if (listed?.length === 0) {
    throw configurationError(
      'origins: is empty; list the origins that may see the certificate, or leave the option out',
    )
  }
  const origins = new Set(listed?.map(parseOrigin))
  return Object.freeze({
    settle: (url: URL, init: RequestInit | undefined) => {
      if (origins.size === 0) origins.add(toFirstOrigin(url, init))
    },
    has: (origin: string) => origins.has(origin),
  })
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.href === `${url.origin}/`) return url.origin
  throw configurationError(`origins: "${text}" is no https origin; write "https://host:port"`)
}

function toFirstOrigin(url: URL, init: RequestInit | undefined): string {
  if (url.protocol !== 'https:') {
    throw configurationError(
      `${url.origin} is not https, so no certificate can be presented; use an https URL, ` +
        'or list the https origins in `origins`',
    )
  }
  if (isFirstContact(url, init)) return url.origin
  throw configurationError(
    `the first request goes to ${url.href}, which may be an authorization server; say with ` +
      '`origins` which origins may see the client certificate',
  )
}

/**
 * INVARIANT: a request of the SDK's OAuth flow to an authorization server never settles the origin;
 * that server is named by a remote. Streamable HTTP messages accept an event stream, requests for
 * registration and tokens do not, and metadata is read from the well-known paths of RFC 8414 and
 * OpenID Connect Discovery.
 */
function isFirstContact(url: URL, init: RequestInit | undefined): boolean {
  const method = (init?.method ?? 'GET').toUpperCase()
  if (method === 'GET' || method === 'HEAD') {
    return !/\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(?:\/|$)/.test(
      url.pathname,
    )
  }
  return new Headers(init?.headers).get('accept')?.includes('text/event-stream') === true
}
