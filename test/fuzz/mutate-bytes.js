/** Changes that know nothing of what the bytes mean. Each takes the bytes, a random and the other samples. */
const mutations = [flipBit, setByte, insertBytes, deleteBytes, duplicateBytes, swapRanges, splice]

/** Applies one such change; the bytes given are left as they are. */
export function mutateBytes(bytes, random, others) {
  return random.pick(mutations)(bytes, random, others)
}

function flipBit(bytes, random) {
  const changed = Buffer.from(bytes)
  if (changed.length > 0) changed[random.below(changed.length)] ^= 1 << random.below(8)
  return changed
}

function setByte(bytes, random) {
  const changed = Buffer.from(bytes)
  if (changed.length > 0) changed[random.below(changed.length)] = interesting(random)
  return changed
}

function insertBytes(bytes, random) {
  const inserted = Array.from({ length: random.size(8) }, () => interesting(random))
  return replaceRange(bytes, random.below(bytes.length + 1), { remove: 0, insert: inserted })
}

function deleteBytes(bytes, random) {
  const at = random.below(bytes.length)
  return replaceRange(bytes, at, { remove: random.size(bytes.length - at), insert: [] })
}

function duplicateBytes(bytes, random) {
  const from = random.below(bytes.length)
  const range = bytes.subarray(from, from + random.size(bytes.length - from))
  return replaceRange(bytes, random.below(bytes.length + 1), { remove: 0, insert: range })
}

function swapRanges(bytes, random) {
  const middle = random.below(bytes.length)
  const left = random.below(middle)
  const right = middle + random.size(bytes.length - middle)
  return Buffer.concat([
    bytes.subarray(0, left),
    bytes.subarray(middle, right),
    bytes.subarray(left, middle),
    bytes.subarray(right),
  ])
}

/** The beginning of one sample and the end of another. */
function splice(bytes, random, others) {
  const other = random.pick(others)
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ])
}

/** Bytes with a range taken out and another put there. */
export function replaceRange(bytes, at, { remove, insert }) {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(insert), bytes.subarray(at + remove)])
}

function interesting(random) {
  return random.oneIn(2)
    ? random.pick([0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x30, 0x5c, 0x7f, 0x80, 0x82, 0xff])
    : random.below(256)
}
