import { anyCertificate, type Criterion } from './caller-facts.js'
import type { CompiledAssignment } from './compile-assignments.js'
import type { ClaimPath } from './token-pattern.js'

/** Where the few assignments that could match a caller are found, among however many. */
export interface AssignmentIndex {
  readonly assignments: ReadonlyMap<string, readonly CompiledAssignment[]>
  /** What callers get by a token, or are told in results, by their certificates. */
  readonly offers: ReadonlyMap<string, readonly Offer[]>
  /** Claims that are keys of the index. */
  readonly claims: readonly ClaimPath[]
}

/** What all assignments say together that ask the same of a certificate. */
interface Offer {
  readonly certificate: readonly Criterion[]
  /** Roles of those that ask for a token as well. */
  readonly roles: ReadonlySet<string>
  readonly challenges: boolean
}

interface Filed<Entry> {
  readonly entry: Entry
  readonly criteria: readonly Criterion[]
}

/** Files every assignment under the values of the criterion that it shares with the fewest others. */
export function indexAssignments(assignments: readonly CompiledAssignment[]): AssignmentIndex {
  const all = assignments.map((entry) => ({
    entry,
    criteria: [...entry.certificate, ...entry.token],
  }))
  const offers = toOffers(assignments).map((entry) => ({ entry, criteria: entry.certificate }))
  const { index, claims } = file(all)
  return { assignments: index, offers: file(offers).index, claims }
}

function toOffers(assignments: readonly CompiledAssignment[]): readonly Offer[] {
  const groups = new Map<string, CompiledAssignment[]>()
  for (const assignment of assignments) {
    if (assignment.token.length > 0 || assignment.challenges)
      append(groups, assignment.certificateText, assignment)
  }
  return [...groups.values()].map(toOffer)
}

function toOffer(group: readonly CompiledAssignment[]): Offer {
  const [{ certificate } = { certificate: [] }] = group
  const asking = group.filter(({ token }) => token.length > 0)
  return {
    certificate: certificate.length > 0 ? certificate : [everyCertificate],
    roles: new Set(asking.flatMap(({ roles }) => roles)),
    // One that names no certificate speaks for its tokens alone, and not for every certificate.
    challenges: certificate.length > 0 && group.some(({ challenges }) => challenges),
  }
}

const everyCertificate: Criterion = {
  indexKeys: [anyCertificate],
  matches: ({ certificate }) => certificate !== undefined,
}

function file<Entry>(entries: readonly Filed<Entry>[]): {
  readonly index: ReadonlyMap<string, readonly Entry[]>
  readonly claims: readonly ClaimPath[]
} {
  const counts = new Map<string, number>()
  for (const key of entries.flatMap(({ criteria }) => criteria.flatMap((each) => each.indexKeys)))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  const index = new Map<string, Entry[]>()
  const claims = new Map<string, ClaimPath>()
  for (const { entry, criteria } of entries) {
    const criterion = findRarest(criteria, counts)
    if (criterion?.claim) claims.set(criterion.claim.text, criterion.claim)
    for (const key of new Set(criterion?.indexKeys)) append(index, key, entry)
  }
  return { index, claims: [...claims.values()] }
}

// An assignment without criteria is filed nowhere: it would match every caller, so it matches none.
function findRarest(
  criteria: readonly Criterion[],
  counts: ReadonlyMap<string, number>,
): Criterion | undefined {
  const weigh = ({ indexKeys }: Criterion): number =>
    indexKeys.reduce((most, key) => Math.max(most, counts.get(key) ?? 0), 0)
  const weighed = criteria.map((criterion) => ({ criterion, weight: weigh(criterion) }))
  return weighed.reduce<(typeof weighed)[number] | undefined>(
    (rarest, each) => (rarest && rarest.weight <= each.weight ? rarest : each),
    undefined,
  )?.criterion
}

function append<Entry>(index: Map<string, Entry[]>, key: string, entry: Entry): void {
  const filed = index.get(key)
  if (filed === undefined) index.set(key, [entry])
  else filed.push(entry)
}
