import { PolicyError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import type { CompiledAssignment } from './compile-assignments.js'
import { quote } from './pattern.js'
import { reachableRoles } from './permissions.js'
import { compiledOf, type Policy } from './policy.js'
import { certificateKeys } from './schema.js'
import { meansAuthority } from './warn-shared-certificates.js'

/**
 * Checks that nobody gains by leaving out a certificate that is only observed: a role that such a
 * certificate has without a token, or for more than its authority, must not deny anything, since whoever
 * comes without the certificate would be rid of it.
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
    const shed = asksMoreThanAuthority(assignment) || assignment.token.length === 0
    if (!denying || !shed || !meansAuthority(assignment, observed.name, authorities.length))
      return []
    const message = `gives a role that denies something to a certificate of ${quote(observed.name)}, which is only observed: who leaves the certificate out would be rid of it; ask for the authority and a token and nothing else, or take the deny out of the role`
    return [{ path: `assignments[${index}]`, message, ...assignment.position }]
  })
  if (issues.length > 0) throw new PolicyError(policy.source, issues)
}

/** Who comes without the certificate is taken for the authority as a whole, and for nothing more. */
function asksMoreThanAuthority({ written }: CompiledAssignment): boolean {
  return [...certificateKeys, 'certificate' as const].some(
    (key) => key !== 'authority' && written[key] !== undefined,
  )
}
