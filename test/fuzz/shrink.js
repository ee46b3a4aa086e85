import { replaceRange } from './mutate-bytes.js'

/** Tries are bounded, so that a finding is reported soon: it need not be the smallest input there is. */
const maximumTries = 4000

/** A smaller input for which `isFinding` still holds: ranges taken out, ever smaller ones. */
export function shrink(bytes, isFinding) {
  let smallest = bytes
  let tries = 0
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < smallest.length && tries < maximumTries; tries += 1) {
      const shorter = replaceRange(smallest, at, { remove: size, insert: [] })
      if (isFinding(shorter)) smallest = shorter
      else at += size
    }
  }
  return smallest
}
