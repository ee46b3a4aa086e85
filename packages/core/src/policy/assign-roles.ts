import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { type CertificateFacts, toCertificateFacts, toIndexKeys } from './certificate-pattern.js'
import type { CompiledAssignment } from './compile-assignments.js'
import { compiledOf, type Policy } from './policy.js'

/**
 * The roles the assignments of a policy give to a certificate: sorted, without repetition, frozen.
 * Costs a few map lookups, however many assignments there are. Not checked: whether the certificate is
 * trusted and valid, which is settled before.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function assignRoles(
  policy: Policy,
  certificate: PeerCertificate,
  kinds: readonly IdentityKind[],
): readonly string[] {
  const { assignmentIndex } = compiledOf(policy)
  const facts = toCertificateFacts(certificate, kinds)
  const candidates = new Set(toIndexKeys(facts).flatMap((key) => assignmentIndex.get(key) ?? []))
  const roles = new Set<string>()
  for (const assignment of candidates) {
    if (matches(assignment, facts)) for (const role of assignment.roles) roles.add(role)
  }
  return Object.freeze([...roles].sort())
}

function matches({ criteria }: CompiledAssignment, facts: CertificateFacts): boolean {
  return criteria.every((patterns) => patterns.some((pattern) => pattern.matches(facts)))
}
