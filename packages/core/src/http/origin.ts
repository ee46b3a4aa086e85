import { RequestError } from '../errors.js'
import { type HttpRequest, isSent, singleHeader } from './headers.js'
import type { Answer } from './write-answer.js'

/** Which browsers' pages and which host names may reach the server. */
export interface OriginRules {
  /** Origins as a browser sends them (`https://app.example`), instead of the same origin. */
  readonly origins?: readonly string[] | undefined
  /** Values of `Host`, with a port or for any port. */
  readonly hosts?: readonly string[] | undefined
}

const ALLOWED_HEADERS = [
  'accept',
  'authorization',
  'content-type',
  'dpop',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
]
const EXPOSED_HEADERS =
  'mcp-session-id, mcp-protocol-version, www-authenticate, dpop-nonce, retry-after'
const PARAMETER_HEADER = /^mcp-param-[a-z0-9-]{1,64}$/
const AUTHORITY = /^(?<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?<port>:[0-9]{1,5})?$/

/**
 * Checks `Origin` and `Host` (`:authority` on HTTP/2) against DNS rebinding and pages of other
 * sites: a browser presents a client certificate for them too. A request without `Origin` does not
 * come from a page and passes; `null` never does. Without `origins` the origin must be `https` and
 * the host the request names; that host is only as good as `hosts`, or as the name in the server's
 * certificate that the browser checked.
 *
 * @throws {RequestError} 403, −32600; 400, −32600 if a header is sent twice
 */
export function checkOrigin(req: HttpRequest, rules: OriginRules): void {
  const host = readHost(req)
  if (rules.hosts !== undefined && !isListed(host, rules.hosts)) {
    throw new RequestError(403, -32600, 'the host is not allowed')
  }
  const origin = singleHeader(req, 'origin')
  if (origin !== undefined && !isAllowed(origin, host, rules.origins)) {
    throw new RequestError(403, -32600, 'the origin is not allowed')
  }
}

/** True for a CORS preflight: `OPTIONS` by which a browser asks before it sends the request itself. */
export function isPreflight(req: HttpRequest): boolean {
  return (
    req.method === 'OPTIONS' &&
    req.headers['origin'] !== undefined &&
    req.headers['access-control-request-method'] !== undefined
  )
}

/**
 * Answers a preflight. It comes without certificate or token, so the answer says only what
 * `OriginRules` say: an allowed origin gets the CORS headers, any other a 204 that lets the browser
 * refuse.
 *
 * @throws {RequestError} 400, −32600 if a header it reads is sent twice
 */
export function preflightAnswer(req: HttpRequest, rules: OriginRules): Answer {
  const cors = corsHeaders(req, rules)
  if (cors['access-control-allow-origin'] === undefined) {
    return { status: 204, headers: cors, body: undefined }
  }
  const headers = {
    ...cors,
    'access-control-allow-methods': 'POST, GET, DELETE',
    'access-control-allow-headers': [...ALLOWED_HEADERS, ...requestedParameters(req)].join(', '),
    'access-control-max-age': '600',
  }
  return { status: 204, headers, body: undefined }
}

/**
 * The CORS headers of an answer: for a request of an allowed origin those that let its page read
 * the answer (with credentials, since a client certificate is one), else `vary` alone.
 *
 * @throws {RequestError} 400, −32600 if `Origin` or `Host` is sent twice
 */
export function corsHeaders(
  req: HttpRequest,
  rules: OriginRules,
): Readonly<Record<string, string>> {
  const origin = singleHeader(req, 'origin')
  if (origin === undefined || !passesOrigin(req, rules)) return { vary: 'origin' }
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED_HEADERS,
  }
}

function readHost(req: HttpRequest): string | undefined {
  const host = isSent(req, 'host') ? singleHeader(req, 'host') : undefined
  const authority = singleHeader(req, ':authority')
  if (host !== undefined && authority !== undefined && host !== authority) {
    throw new RequestError(400, -32600, 'Host differs from :authority')
  }
  return (authority ?? host)?.toLowerCase()
}

function isListed(host: string | undefined, hosts: readonly string[]): boolean {
  const groups = AUTHORITY.exec(host ?? '')?.groups
  if (host === undefined || groups === undefined) return false
  return hosts.some((entry) => {
    const listed = entry.toLowerCase()
    return listed === host || listed === groups['name']
  })
}

function isAllowed(
  origin: string,
  host: string | undefined,
  origins: readonly string[] | undefined,
): boolean {
  if (origin === 'null') return false
  if (origins !== undefined) return origins.includes(origin)
  const groups = AUTHORITY.exec(host ?? '')?.groups
  if (groups === undefined) return false
  const port = groups['port'] === ':443' ? '' : (groups['port'] ?? '')
  return origin === `https://${groups['name']}${port}`
}

function passesOrigin(req: HttpRequest, rules: OriginRules): boolean {
  try {
    checkOrigin(req, rules)
    return true
  } catch (error) {
    if (error instanceof RequestError && error.status === 403) return false
    throw error
  }
}

/** `Mcp-Param-*` headers have names a server chooses. */
function requestedParameters(req: HttpRequest): readonly string[] {
  const requested = singleHeader(req, 'access-control-request-headers') ?? ''
  return requested
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => PARAMETER_HEADER.test(name))
}
