/**
 * A small generator of numbers (mulberry32) that depends on nothing but the words it is given: the
 * same seed and place give the same inputs on every machine.
 */
export function createRandom(...words) {
  let state = words.reduce((hash, word) => mix(hash ^ (word >>> 0)), 0x9e3779b9)
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    return mix(state)
  }
  /** An integer from 0 to below `limit`. */
  const below = (limit) => next() % Math.max(1, limit)
  return Object.freeze({
    below,
    /** True one time in `times`. */
    oneIn: (times) => below(times) === 0,
    pick: (list) => list[below(list.length)],
    /** Mostly small, at times as large as `limit` allows. */
    size: (limit) => 1 + below(Math.min(limit, 1 << (1 + below(6)))),
    shuffle: (list) => {
      const rest = [...list]
      return list.map(() => rest.splice(below(rest.length), 1)[0])
    },
  })
}

/** A number that stands for bytes, to draw from where an input must always be treated alike. */
export function hashBytes(bytes) {
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5)
}

function mix(value) {
  let mixed = Math.imul(value ^ (value >>> 15), value | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return (mixed ^ (mixed >>> 14)) >>> 0
}
