import { buildPolicy } from './build-policy.js'
import type { PolicyDefinition } from './definition.js'
import type { Policy } from './policy.js'

/**
 * Makes a policy from a definition in code, of the same shape as a policy file. Names of roles are
 * checked by the compiler as well: a misspelt one does not compile.
 *
 * @throws {PolicyError} with everything that is wrong
 */
export function definePolicy<const R extends string = never>(
  definition: PolicyDefinition<R>,
): Policy {
  return buildPolicy({ source: 'definePolicy', value: definition })
}
