import { ConfigurationError } from '../errors.js'
import type { CompiledPolicy } from './compile.js'

declare const brand: unique symbol

/**
 * A policy that was read, checked and compiled; frozen. Only `loadPolicy` and `definePolicy` make one,
 * and an object that merely looks like one is refused.
 */
export interface Policy {
  readonly [brand]: true
  /** The file it was read from, or `definePolicy`. */
  readonly source: string
  /** Names of the roles, in the order they are written. */
  readonly roles: readonly string[]
  /** How many assignments there are. */
  readonly assignments: number
  /** Whether an assignment asks for a common name; `cn` then has to be among the identity kinds. */
  readonly usesCommonNames: boolean
  /** What is allowed to stand in a policy and most likely not meant: one line each, with its place. */
  readonly warnings: readonly string[]
}

// Being in this map is what makes an object a policy: it cannot be copied, inherited or written in JSON.
const compiledPolicies = new WeakMap<object, CompiledPolicy>()

/** Makes the policy of a compiled one. */
export function toPolicy(
  source: string,
  compiled: CompiledPolicy,
  warnings: readonly string[],
): Policy {
  const facts: Omit<Policy, typeof brand> = {
    source,
    roles: Object.freeze([...compiled.roles.keys()]),
    assignments: compiled.assignments.length,
    usesCommonNames: compiled.assignments.some(({ written }) => written.cn !== undefined),
    warnings: Object.freeze([...warnings]),
  }
  const policy = Object.freeze(facts) as Policy
  compiledPolicies.set(policy, compiled)
  return policy
}

/** Whether a value was made by `loadPolicy` or `definePolicy` of this copy of the library. */
export function isPolicy(value: unknown): value is Policy {
  return typeof value === 'object' && value !== null && compiledPolicies.has(value)
}

/**
 * The compiled form of a policy.
 *
 * @throws {ConfigurationError} if the value was not made by `loadPolicy` or `definePolicy`
 */
export function compiledOf(policy: Policy): CompiledPolicy {
  const compiled = compiledPolicies.get(policy)
  if (compiled === undefined) {
    throw new ConfigurationError('this is no policy: make it with loadPolicy or definePolicy')
  }
  return compiled
}
