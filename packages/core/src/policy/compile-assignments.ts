import { type CertificatePattern, parseCertificatePattern } from './certificate-pattern.js'
import type { AssignmentDefinition, OneOrMany } from './definition.js'
import type { Locate, Position } from './policy-issue.js'
import type { certificateKeys } from './schema.js'

/** One assignment: every criterion has to match, of a criterion any one pattern. */
export interface CompiledAssignment {
  readonly criteria: readonly (readonly CertificatePattern[])[]
  readonly roles: readonly string[]
  readonly authorities: readonly string[] | undefined
  /** Trust domains of the SPIFFE IDs it asks for; empty if it asks for none. */
  readonly trustDomains: readonly string[]
  readonly usesCommonName: boolean
  readonly position: Position | undefined
}

interface CompiledAssignments {
  readonly assignments: readonly CompiledAssignment[]
  readonly assignmentIndex: ReadonlyMap<string, readonly CompiledAssignment[]>
}

/** From the key that tells most certificates apart to the one that tells fewest. */
const bySelectivity = [
  'thumbprint',
  'spiffe',
  'uri',
  'dns',
  'email',
  'cn',
  'ou',
  'o',
  'issuer',
  'authority',
] as const satisfies typeof certificateKeys

/** Compiles assignments, and files each under the values of its most selective key. */
export function compileAssignments(
  definitions: readonly AssignmentDefinition[],
  locate: Locate | undefined,
): CompiledAssignments {
  const assignments = definitions.map((definition, index) =>
    compileAssignment(definition, locate?.(['assignments', index], 'value')),
  )
  const assignmentIndex = new Map<string, CompiledAssignment[]>()
  for (const assignment of assignments) addToIndex(assignmentIndex, assignment)
  return { assignments, assignmentIndex }
}

function compileAssignment(
  definition: AssignmentDefinition,
  position: Position | undefined,
): CompiledAssignment {
  const criteria = bySelectivity
    .map((key) => toList(definition[key]).map((text) => parseCertificatePattern(key, text)))
    .filter((patterns) => patterns.length > 0)
  return {
    criteria,
    roles: definition.roles,
    authorities: definition.authority === undefined ? undefined : toList(definition.authority),
    trustDomains: criteria.flat().flatMap(({ trustDomain }) => trustDomain ?? []),
    usesCommonName: definition.cn !== undefined,
    position,
  }
}

// An assignment without criteria is filed nowhere: it would match every certificate, so it matches none.
function addToIndex(
  index: Map<string, CompiledAssignment[]>,
  assignment: CompiledAssignment,
): void {
  const [mostSelective = []] = assignment.criteria
  for (const { indexKey } of mostSelective) {
    const filed = index.get(indexKey)
    if (filed === undefined) index.set(indexKey, [assignment])
    else if (filed.at(-1) !== assignment) filed.push(assignment)
  }
}

function toList(value: OneOrMany | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}
