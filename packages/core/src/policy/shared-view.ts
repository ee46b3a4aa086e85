import { type Permissions, permissionsOf, permissionsWithToken } from './permissions.js'
import { compiledOf, type Policy } from './policy.js'
import type { Principal } from './principal.js'
import { isConditional } from './rule-table.js'

/**
 * An object that stands for what a principal is shown: whoever has the same one is shown the same. The
 * scopes of a token make no difference: what lacks some is shown, too. Undefined where there is no role,
 * or where a condition may ask who the principal is.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function findSharedView(policy: Policy, principal: Principal): object | undefined {
  const compiled = compiledOf(policy)
  const permissions = permissionsOf(compiled, principal.roles)
  if (permissions === undefined || asksWho(permissions)) return undefined
  if (principal.rolesWithToken.length === 0) return permissions
  const withToken = permissionsWithToken(compiled, principal)
  return withToken === undefined || asksWho(withToken)
    ? undefined
    : findPair(permissions, withToken)
}

function asksWho({ tools, prompts, resources, methods }: Permissions): boolean {
  return [tools, prompts, resources, methods].some(
    ({ allow, deny }) => isConditional(allow) || isConditional(deny),
  )
}

const pairs = new WeakMap<Permissions, WeakMap<Permissions, object>>()

/** What is shown depends on both: a token would make no difference where it adds nothing. */
function findPair(permissions: Permissions, withToken: Permissions): object {
  const others = pairs.get(permissions) ?? new WeakMap<Permissions, object>()
  pairs.set(permissions, others)
  const pair = others.get(withToken) ?? Object.freeze({})
  others.set(withToken, pair)
  return pair
}
