import { closestName } from '../closest-name.js'
import { PolicyError } from '../errors.js'
import type { IdentityKind } from '../identity/identify.js'
import type { CompiledAssignment } from './compile-assignments.js'
import { quote } from './pattern.js'
import { compiledOf, type Policy } from './policy.js'
import { toList } from './to-list.js'

/** What a policy has to know of an authority: its name and the trust domains it alone vouches for. */
export interface AuthorityNames {
  readonly name: string
  readonly trustDomains: readonly string[]
}

/**
 * Checks that a policy fits the authorities and identity kinds of a server. With several authorities
 * every assignment has to say whose certificates it means, by name or by a SPIFFE trust domain that one
 * of them owns; else a name vouched for by one would be taken from another.
 *
 * @throws {PolicyError} with every assignment that does not fit
 */
export function checkAuthorities(
  policy: Policy,
  authorities: readonly AuthorityNames[],
  kinds: readonly IdentityKind[],
): void {
  const issues = compiledOf(policy).assignments.flatMap((assignment, index) =>
    findProblems(assignment, authorities, kinds).map((message) => ({
      path: `assignments[${index}]`,
      message,
      ...assignment.position,
    })),
  )
  if (issues.length > 0) throw new PolicyError(policy.source, issues)
}

function findProblems(
  assignment: CompiledAssignment,
  authorities: readonly AuthorityNames[],
  kinds: readonly IdentityKind[],
): readonly string[] {
  // Tokens have issuers; an authority vouches for certificates alone.
  if (assignment.certificate.length === 0) return []
  const problems = findUnknown(assignment, authorities)
  if (authorities.length > 1 && !namesOneAuthority(assignment, authorities)) {
    problems.push(
      `could mean certificates of any authority: add "authority" (${list(authorities)}), or give its SPIFFE trust domain to exactly one authority`,
    )
  }
  if (assignment.written.cn !== undefined && !kinds.includes('cn')) {
    const option = [...kinds, 'cn'].map((kind) => `'${kind}'`).join(', ')
    problems.push(
      `asks for a common name, which is not taken from certificates: set the option identity: [${option}], or use another key than "cn"`,
    )
  }
  return problems
}

function findUnknown(
  assignment: CompiledAssignment,
  authorities: readonly AuthorityNames[],
): string[] {
  const known = authorities.map(({ name }) => name)
  const unknown = toList(assignment.written.authority).filter((name) => !known.includes(name))
  return unknown.map((name) => {
    const closest = closestName(name, known)
    const advice = closest === undefined ? '' : `, did you mean ${quote(closest)}?`
    return `unknown authority ${quote(name)}${advice} (known: ${list(authorities)})`
  })
}

function namesOneAuthority(
  { written, trustDomains }: CompiledAssignment,
  authorities: readonly AuthorityNames[],
): boolean {
  if (written.authority !== undefined) return true
  const owned = (domain: string): boolean =>
    authorities.filter((authority) => authority.trustDomains.includes(domain)).length === 1
  return trustDomains.length > 0 && trustDomains.every(owned)
}

function list(authorities: readonly AuthorityNames[]): string {
  return authorities.map(({ name }) => quote(name)).join(', ')
}
