const mebibyte = 1024 * 1024

/**
 * By how much the median of the last third of the samples may lie above that of the first third. Connections come
 * and go, and the engine collects when it likes; what leaks grows with each of the rotations. Native memory is held
 * back by the allocator, hence the wide margin for the whole process.
 */
const allowances = {
  descriptors: 4,
  timers: 8,
  ref: 4,
  heap: 2 * mebibyte,
  rss: 64 * mebibyte,
}

/** What grew: name, the two medians and the allowance, for each thing the server holds. */
export function findGrowth(samples) {
  // In the first rotations the engine is still compiling.
  const settled = samples.slice(Math.min(6, Math.floor(samples.length / 4)))
  const third = Math.floor(settled.length / 3)
  const [first, last] = [settled.slice(0, third), settled.slice(-third)]
  return Object.entries(allowances).flatMap(([name, allowance]) => {
    const [before, after] = [first, last].map((part) => median(part.map((one) => one[name])))
    if (before === undefined) return []
    return [{ name, before, after, allowance, grew: !(after - before <= allowance) }]
  })
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[sorted.length >> 1]
}
