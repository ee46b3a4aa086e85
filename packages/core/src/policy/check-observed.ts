import { PolicyError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import { quote } from './pattern.js'
import { reachableRoles } from './permissions.js'
import { compiledOf, type Policy } from './policy.js'
import { isOpenTo } from './warn-shared-certificates.js'

/**
 * Checks that nobody gains by leaving out a certificate that is only observed: a role such a certificate
 * has without a token must not deny anything, since whoever comes without the certificate would be rid of it.
 *
 * @throws {PolicyError} with every assignment that gives such a role
 */
export function checkObservedAssignments(
  policy: Policy,
  authorities: readonly Pick<Authority, 'name' | 'certificate'>[],
): void {
  const observed = authorities.find(({ certificate }) => certificate === 'observe')
  if (observed === undefined) return
  const { assignments, roles } = compiledOf(policy)
  const issues = assignments.flatMap((assignment, index) => {
    const denying = reachableRoles(roles, assignment.roles).some(({ deny }) =>
      Object.values(deny).some((rules) => rules.length > 0),
    )
    if (!denying || !isOpenTo(assignment, observed.name, authorities.length)) return []
    const message = `gives a role that denies something to a certificate of ${quote(observed.name)}, which is only observed: who leaves the certificate out would be rid of it; add "token", or take the deny out of the role`
    return [{ path: `assignments[${index}]`, message, ...assignment.position }]
  })
  if (issues.length > 0) throw new PolicyError(policy.source, issues)
}
