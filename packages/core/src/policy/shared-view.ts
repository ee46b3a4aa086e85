import { permissionsOf } from './permissions.js'
import { compiledOf, type Policy } from './policy.js'
import type { Principal } from './principal.js'

/**
 * An object that stands for what a principal is shown: whoever has the same one is shown the same.
 * Undefined where there is no role, or where a condition may ask who the principal is.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function findSharedView(policy: Policy, principal: Principal): object | undefined {
  const permissions = permissionsOf(compiledOf(policy), principal.roles)
  if (permissions === undefined) return undefined
  const { tools, prompts, resources, methods } = permissions
  const isConditional = [tools, prompts, resources, methods].some(
    ({ allow, deny }) => allow.conditional !== undefined || deny.conditional !== undefined,
  )
  return isConditional ? undefined : permissions
}
