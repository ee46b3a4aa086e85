import { checkAuthorities } from '../policy/check-authorities.js'
import { loadPolicy } from '../policy/load.js'
import { isPolicy, type Policy } from '../policy/policy.js'
import type { GuardSettings } from './options.js'

const ownAuthority = [{ name: 'default', trustDomains: [] }]

/**
 * Loads the policy the options name and checks that it fits them.
 *
 * @throws {PolicyError} if it cannot be used, or names an authority the TLS source does not have
 */
export async function readPolicy({ policy, tls, identity }: GuardSettings): Promise<Policy> {
  const loaded = isPolicy(policy) ? policy : await loadPolicy(policy)
  checkAuthorities(loaded, tls?.authorities ?? ownAuthority, identity)
  return loaded
}
