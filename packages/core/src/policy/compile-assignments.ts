import { anyCertificate, type Criterion, toObservedKeys } from './caller-facts.js'
import { type CertificateKey, parseCertificatePattern } from './certificate-pattern.js'
import type { AssignmentDefinition, OneOrMany } from './definition.js'
import { type AssignmentIndex, indexAssignments } from './index-assignments.js'
import type { Locate, Position } from './policy-issue.js'
import type { certificateKeys } from './schema.js'
import { toList } from './to-list.js'
import { parseTokenMatcher } from './token-pattern.js'

/** One assignment: every criterion has to match. */
export interface CompiledAssignment {
  /** What it asks of a certificate; empty if it asks for none. */
  readonly certificate: readonly Criterion[]
  /** What it asks of a token; empty if it asks for none. */
  readonly token: readonly Criterion[]
  /** The same for assignments that ask the same of a certificate. */
  readonly certificateText: string
  readonly roles: readonly string[]
  readonly challenges: boolean
  readonly written: AssignmentDefinition
  /** Trust domains of the SPIFFE IDs it asks for; empty if it asks for none. */
  readonly trustDomains: readonly string[]
  readonly position: Position | undefined
}

interface CompiledAssignments {
  readonly assignments: readonly CompiledAssignment[]
  readonly assignmentIndex: AssignmentIndex
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

/** Compiles assignments, and files each where few others are. */
export function compileAssignments(
  definitions: readonly AssignmentDefinition[],
  locate: Locate | undefined,
): CompiledAssignments {
  const assignments = definitions.map((definition, index) =>
    compileAssignment(definition, locate?.(['assignments', index], 'value')),
  )
  return { assignments, assignmentIndex: indexAssignments(assignments) }
}

function compileAssignment(
  definition: AssignmentDefinition,
  position: Position | undefined,
): CompiledAssignment {
  const { spiffe, token, certificate } = definition
  return {
    certificate: certificateCriteria(definition),
    token: token === undefined ? [] : parseTokenMatcher(token).map(toCriterion),
    certificateText: JSON.stringify([certificate, ...bySelectivity.map((key) => definition[key])]),
    roles: definition.roles,
    challenges: definition.challenge !== undefined,
    written: definition,
    trustDomains: toList(spiffe).flatMap(
      (text) => parseCertificatePattern('spiffe', text).trustDomain ?? [],
    ),
    position,
  }
}

function certificateCriteria(definition: AssignmentDefinition): readonly Criterion[] {
  const criteria = bySelectivity.flatMap((key) => certificateCriterion(key, definition[key]))
  if (definition.certificate === undefined) return criteria
  const any = ({ certificate }: Parameters<Criterion['matches']>[0]) => certificate !== undefined
  return [...criteria, { indexKeys: [anyCertificate], matches: any }]
}

function certificateCriterion(
  key: CertificateKey,
  values: OneOrMany | undefined,
): readonly Criterion[] {
  const patterns = toList(values).map((text) => parseCertificatePattern(key, text))
  if (patterns.length === 0) return []
  return [
    {
      indexKeys: patterns.map(({ indexKey }) => indexKey),
      matches: (facts) =>
        patterns.some((pattern) =>
          facts.certificate === undefined
            ? toObservedKeys(facts).includes(pattern.indexKey)
            : pattern.matches(facts.certificate),
        ),
    },
  ]
}

function toCriterion({
  matches,
  ...criterion
}: ReturnType<typeof parseTokenMatcher>[number]): Criterion {
  return { ...criterion, matches: ({ token }) => token !== undefined && matches(token) }
}
