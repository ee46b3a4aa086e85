import type { Authority } from '../identity/authority.js'
import type { CompiledAssignment } from './compile-assignments.js'
import { quote } from './pattern.js'
import { compiledOf, type Policy } from './policy.js'
import { toList } from './to-list.js'

/**
 * Finds assignments that give roles to everybody who comes by a certificate many share. The callers of an
 * authority that has them asked for tokens in results are the users of one software, so its certificate
 * alone says nothing of who is asking. Returns warnings: a server may well mean it.
 */
export function warnSharedCertificates(
  policy: Policy,
  authorities: readonly Pick<Authority, 'name' | 'challenge'>[],
): readonly string[] {
  const { assignments } = compiledOf(policy)
  return authorities
    .filter(({ challenge }) => challenge !== undefined)
    .flatMap(({ name }) =>
      assignments.flatMap((assignment, index) =>
        // With `challenge` it is warned of already, with whatever authority.
        assignment.written.challenge === undefined &&
        assignment.token.length === 0 &&
        meansAuthority(assignment, name, authorities.length)
          ? [describe({ policy, assignment, index }, name)]
          : [],
      ),
    )
}

/**
 * Whether an assignment can mean a certificate of an authority. With one authority every assignment means
 * its certificates; SPIFFE IDs are no names of a shared one.
 */
export function meansAuthority(
  { certificate, written }: CompiledAssignment,
  authority: string,
  authorities: number,
): boolean {
  if (certificate.length === 0) return false
  if (written.authority !== undefined) return toList(written.authority).includes(authority)
  return authorities === 1 && written.spiffe === undefined
}

interface Place {
  readonly policy: Policy
  readonly assignment: CompiledAssignment
  readonly index: number
}

function describe({ policy, assignment, index }: Place, authority: string): string {
  const { position, roles } = assignment
  const line = position === undefined ? '' : `:${position.line}`
  return `${policy.source}${line} assignments[${index}] gives ${roles.map(quote).join(', ')} to every caller of authority ${quote(authority)}, whose certificate many users share: add "token" to give roles to users`
}
