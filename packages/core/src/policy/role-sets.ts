/** Arrays of roles, by what is in them, so that those who have the same roles share one. */
export type RoleSets = Map<string, readonly string[]>

/** More sets than this are only met by a policy that assigns roles one by one. */
const maximumSets = 10_000

/** The frozen array of these roles, sorted. */
export function shareRoles(sets: RoleSets, roles: ReadonlySet<string>): readonly string[] {
  const sorted = [...roles].sort()
  const key = sorted.join(',')
  const known = sets.get(key)
  if (known !== undefined) return known
  if (sets.size >= maximumSets) sets.clear()
  sets.set(key, Object.freeze(sorted))
  return sorted
}
