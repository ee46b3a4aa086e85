/** The middle of some numbers. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median, least and greatest. */
export function summarize(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}
