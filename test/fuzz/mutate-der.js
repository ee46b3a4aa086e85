import { nodesOf, readTree, writeLength, writeTree } from './der-tree.js'
import { mutateBytes } from './mutate-bytes.js'

/**
 * Changes the structure of DER and mends the lengths around the change, so that what is examined lies
 * deeper than the first length; some changes are to a length alone. What is no DER is changed blindly.
 */
export function mutateDer(bytes, random, { others, contents }) {
  const tree = readTree(bytes)
  if (tree === undefined || tree.length === 0) return mutateBytes(bytes, random, others)
  // Half of the changes are to the extensions, where the names are.
  const part = random.oneIn(2) ? tree : (tree[0].children?.[0]?.children?.slice(-1) ?? tree)
  random.pick(mutations)(nodesOf(part), { random, others, contents })
  return writeTree(tree)
}

const mutations = [spell, cutTail, retag, drop, double, exchange, transplant, rewrite, rewrite]

/** Another spelling of a length: padded, indefinite, off by some, far too large. */
function spell(nodes, { random }) {
  const node = random.pick(nodes)
  if (!node) return
  const spellings = [
    (length) => Buffer.concat([Buffer.from([0x82]), toBytes(length, 2)]),
    (length) => Buffer.concat([Buffer.from([0x84]), toBytes(length, 4)]),
    (length) => writeLength(Math.max(0, length + random.pick([-2, -1, 1, 2, 128]))),
    () => Buffer.from([0x84, 0xff, 0xff, 0xff, 0xff]),
    () => Buffer.from([0x80]),
    () => Buffer.from([0xff]),
  ]
  node.spell = random.pick(spellings)
  if (random.oneIn(2)) node.end = Buffer.from([0, 0])
}

function cutTail(nodes, { random }) {
  const node = random.pick(nodes.filter(({ content }) => content?.length > 0))
  if (node) node.content = node.content.subarray(0, random.below(node.content.length))
}

function retag(nodes, { random }) {
  const node = random.pick(nodes)
  if (!node) return
  const tags = [0x01, 0x02, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x1e, 0x30, 0x31, 0x81, 0x82, 0x86]
  node.tag = random.oneIn(2) ? random.pick(tags) : node.tag ^ (1 << random.below(8))
}

function drop(nodes, { random }) {
  const parent = pickParent(nodes, random)
  parent?.children.splice(random.below(parent.children.length), 1)
}

function double(nodes, { random }) {
  // The longest lists, of names and of extensions, are those with something to repeat.
  const long = nodes.filter(({ children }) => children?.length > 3)
  const parent = pickParent(random.oneIn(2) && long.length > 0 ? long : nodes, random)
  if (!parent) return
  const child = random.pick(parent.children)
  parent.children.splice(random.below(parent.children.length + 1), 0, structuredClone(child))
  // The copy may differ a little: a name given twice, an extension with two values.
  if (random.oneIn(2)) rewriteOne(nodesOf([child]), random, ['x', 'y'])
}

function exchange(nodes, { random }) {
  const parent = pickParent(nodes, random)
  if (parent) parent.children = random.shuffle(parent.children)
}

/** A part of another certificate in place of a part of this one. */
function transplant(nodes, { random, others }) {
  const other = readTree(random.pick(others))
  const donor = other && random.pick(nodesOf(other))
  const parent = pickParent(nodes, random)
  if (donor && parent)
    parent.children.splice(random.below(parent.children.length), random.below(2), donor)
}

function rewrite(nodes, { random, contents }) {
  rewriteOne(nodes, random, contents)
}

function rewriteOne(nodes, random, contents) {
  const leaf = random.pick(nodes.filter(({ content }) => content !== undefined))
  if (!leaf) return
  const given = Buffer.from(leaf.content)
  const inserted = Buffer.from(random.pick(contents), 'latin1')
  const at = random.below(given.length + 1)
  leaf.content = random.pick([
    () => mutateBytes(given, random, [given]),
    () => Buffer.concat([given.subarray(0, at), inserted, given.subarray(at)]),
    () => inserted,
  ])()
}

function pickParent(nodes, random) {
  return random.pick(nodes.filter(({ children }) => children?.length > 0))
}

function toBytes(length, count) {
  const bytes = Buffer.alloc(count)
  bytes.writeUIntBE(length % 2 ** (8 * count), 0, count)
  return bytes
}
