import type { IdentityKind } from '../identity/identify.js'
import {
  type CallerFacts,
  type Criterion,
  toCallerFacts,
  toCallerKeys,
  toCertificateKeys,
} from './caller-facts.js'
import { compiledOf, type Policy } from './policy.js'
import type { Peer, Principal } from './principal.js'
import { shareRoles } from './role-sets.js'

/** What the assignments of a policy say of a caller. */
export type AssignedRoles = Pick<Principal, 'roles' | 'rolesWithToken' | 'challenge'>

/**
 * The roles the assignments of a policy give to a caller, and those a token could add where none was
 * presented; to a caller whose certificate is only observed, those alone that ask for a token: sorted, without repetition, frozen, and one array for all who have the same. Costs a few map
 * lookups, however many assignments there are. Not checked: whether the credentials are trusted and
 * valid, which is settled before.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function assignRoles(
  policy: Policy,
  peer: Peer,
  kinds: readonly IdentityKind[],
): AssignedRoles {
  const { assignmentIndex, roleSets } = compiledOf(policy)
  const { assignments, offers, claims } = assignmentIndex
  const facts = toCallerFacts(peer, kinds)
  const matching = findCandidates(assignments, toCallerKeys(facts, claims)).filter(
    ({ certificate, token }) =>
      // A token stands for the certificate that was only observed: what asks for none is not meant.
      (facts.observedAuthority === undefined || token.length > 0) &&
      matches(certificate, facts) &&
      matches(token, facts),
  )
  const offered = findCandidates(offers, toCertificateKeys(facts)).filter(({ certificate }) =>
    matches(certificate, facts),
  )
  const roles = new Set(matching.flatMap((assignment) => assignment.roles))
  const promised = peer.token === undefined ? offered.flatMap((offer) => [...offer.roles]) : []
  return {
    roles: shareRoles(roleSets, roles),
    rolesWithToken: shareRoles(roleSets, new Set(promised.filter((role) => !roles.has(role)))),
    ...([...matching, ...offered].some(({ challenges }) => challenges) && {
      challenge: 'tool-result',
    }),
  }
}

function findCandidates<Entry>(
  index: ReadonlyMap<string, readonly Entry[]>,
  keys: readonly string[],
): readonly Entry[] {
  return [...new Set(keys.flatMap((key) => index.get(key) ?? []))]
}

function matches(criteria: readonly Criterion[], facts: CallerFacts): boolean {
  return criteria.every((criterion) => criterion.matches(facts))
}
