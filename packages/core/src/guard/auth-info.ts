import { ConfigurationError } from '../errors.js'
import { isJsonObject } from '../mcp/json-object.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { Principal } from '../policy/principal.js'

/**
 * What the MCP SDKs hand to a tool as `extra.authInfo` (v1) or `ctx.http.authInfo` (v2). `token` is
 * always empty: the caller's token was issued for this server and must not be passed on (MCP, Security
 * Best Practices: Token Passthrough).
 */
export interface AuthInfo {
  readonly token: string
  readonly clientId: string
  readonly scopes: string[]
  /** Seconds since the epoch; present where the caller holds a token. */
  readonly expiresAt?: number
  readonly extra: Record<string, unknown>
}

type Extra = AuthInfo['extra']

// Keyed by `extra`, which both SDKs keep by reference: nobody can forge an entry, and a copy of the rest still works.
const principals = new WeakMap<object, Principal>()
const extras = new WeakMap<Principal, Extra>()

/** The SDK's view of a principal. `clientId` is the principal's name. */
export function toAuthInfo(principal: Principal): AuthInfo {
  const extra = extras.get(principal) ?? createExtra(principal)
  const { name: clientId, token } = principal
  if (token === undefined) return { token: '', clientId, scopes: [], extra }
  const expiresAt = Math.floor(token.expiresAt / 1000)
  return { token: '', clientId, scopes: [...token.scopes], expiresAt, extra }
}

/** One for all requests of a principal, hence frozen. */
function createExtra(principal: Principal): Extra {
  const { roles, identity, token } = principal
  const extra = Object.freeze({ roles, identity, ...(token && { token: describeToken(token) }) })
  principals.set(extra, principal)
  extras.set(principal, extra)
  return extra
}

/** Whom the token speaks for; its claims are on the principal alone. */
function describeToken({ issuer, kind, subject, clientId }: AccessToken): object {
  return Object.freeze({ issuer, kind, subject, clientId })
}

/** Whether a guard made this object. */
export function isGuardAuth(authInfo: unknown): boolean {
  return readPrincipal(authInfo) !== undefined
}

/**
 * The principal behind the `authInfo` a tool handler sees.
 *
 * @throws {ConfigurationError} where no guard ran, or the object was made by something else
 */
export function principalOf(authInfo: unknown): Principal {
  const principal = readPrincipal(authInfo)
  if (principal === undefined) {
    throw new ConfigurationError(
      'this request passed no guard: mount mcpMtls in front of the MCP handler, and hand the same request object on',
    )
  }
  return principal
}

function readPrincipal(authInfo: unknown): Principal | undefined {
  const extra = isJsonObject(authInfo) ? authInfo['extra'] : undefined
  return isJsonObject(extra) ? principals.get(extra) : undefined
}
