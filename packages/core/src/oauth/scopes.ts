import { ConfigurationError } from '../errors.js'
import { isScope } from './profile.js'

// A resource server neither needs nor names it: clients ask for it by themselves.
const offline = 'offline_access'

/**
 * Checks the scopes of the configuration. Keeps their order, drops repetitions.
 *
 * @throws {ConfigurationError} for what is no scope token (RFC 6749 section 3.3), and for `offline_access`
 */
export function defineScopes(scopes: readonly string[]): readonly string[] {
  for (const scope of scopes) {
    if (!isScope(scope)) {
      throw new ConfigurationError(
        `oauth.scopes: ${JSON.stringify(scope)} is no scope; write one scope for each item, without spaces and quotes`,
      )
    }
    if (scope === offline) {
      throw new ConfigurationError(
        'oauth.scopes: remove offline_access; a client that wants refresh tokens asks for it by itself',
      )
    }
  }
  return Object.freeze([...new Set(scopes)])
}

/**
 * The value of a `scope` parameter: every scope once, in an order that depends on nothing else, because the
 * client of SDK v1 compares a challenge with the one before. What is no scope token, and `offline_access`,
 * is left out; undefined if nothing is left.
 */
export function toScopeParameter(scopes: readonly string[]): string | undefined {
  const named = scopes.filter((scope) => isScope(scope) && scope !== offline)
  return named.length === 0 ? undefined : [...new Set(named)].sort().join(' ')
}
