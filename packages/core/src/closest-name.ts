/** Longer names are no misspelling; comparing them would cost time a peer of the file chooses. */
const longest = 64

/**
 * The known name a misspelt one most likely means: the same without case, its beginning
 * (`certfile` → `cert`), or one edit in three letters away, at most two. Absent when nothing is near.
 */
export function closestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > longest) return undefined
  const lower = name.toLowerCase()
  const same = known.find((candidate) => candidate.toLowerCase() === lower)
  if (same !== undefined) return same
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.min(2, Math.floor(candidate.length / 3)))
    .sort((left, right) => left.distance - right.distance)
  return nearest?.candidate ?? longestBeginning(lower, known)
}

/** " Did you mean …?", or nothing. */
export function suggestName(name: string, known: readonly string[]): string {
  const closest = closestName(name, known)
  return closest === undefined ? '' : ` Did you mean "${closest}"?`
}

function longestBeginning(lower: string, known: readonly string[]): string | undefined {
  const [longest] = known
    .filter((candidate) => candidate.length > 1 && lower.startsWith(candidate.toLowerCase()))
    .sort((left, right) => right.length - left.length)
  return longest
}

/** Levenshtein distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (const [index, character] of Array.from(left).entries()) {
    const row = [index + 1]
    for (const [column, other] of Array.from(right).entries()) {
      const replaced = (above[column] ?? 0) + (character === other ? 0 : 1)
      row.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1))
    }
    above = row
  }
  return above.at(-1) ?? 0
}
