import { checkAuthorities } from '../policy/check-authorities.js'
import { checkCredentials } from '../policy/check-credentials.js'
import { checkObservedAssignments } from '../policy/check-observed.js'
import { loadPolicy } from '../policy/load.js'
import { isPolicy, type Policy } from '../policy/policy.js'
import type { GuardSettings } from './options.js'

const ownAuthority = [{ name: 'default', trustDomains: [] }]

/**
 * Loads the policy the options name and checks that it fits them.
 *
 * @throws {PolicyError} if it cannot be used, names an authority the TLS source does not have, or asks for
 *   tokens another way than the option `oauth` does
 */
export async function readPolicy({ policy, tls, oauth, identity }: GuardSettings): Promise<Policy> {
  const loaded = isPolicy(policy) ? policy : await loadPolicy(policy)
  checkAuthorities(loaded, tls?.authorities ?? ownAuthority, identity)
  checkObservedAssignments(loaded, tls?.authorities ?? [])
  checkCredentials(loaded, {
    require: oauth && (oauth.require ?? 'both'),
    issuers: oauth?.issuers?.map(({ issuer }) => issuer) ?? oauth?.authorizationServers ?? [],
  })
  return loaded
}
