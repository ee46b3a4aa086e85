/**
 * DER as a tree, read and written without any library: a node is its tag and either its children or its
 * content. What is wrapped in an OCTET STRING or BIT STRING and is DER itself has `prefix` and children.
 */

const longTag = 0x1f
const constructed = 0x20
const octetString = 0x04
const bitString = 0x03

/** The nodes that fill some bytes; undefined if they are not DER (X.690 sections 8 and 10). */
export function readTree(bytes) {
  const nodes = []
  for (let at = 0; at < bytes.length; ) {
    const head = readHead(bytes, at)
    if (head === undefined || head.end > bytes.length) return undefined
    const node = readNode(head.tag, bytes.subarray(head.start, head.end))
    if (node === undefined) return undefined
    nodes.push(node)
    at = head.end
  }
  return nodes
}

/** The bytes of nodes: every length definite, and in as few bytes as possible unless `spell` says otherwise. */
export function writeTree(nodes) {
  return Buffer.concat(nodes.map(writeNode))
}

/** All nodes, depth first. */
export function nodesOf(nodes) {
  return nodes.flatMap((node) => [node, ...nodesOf(node.children ?? [])])
}

/** Keeps what is inside a string apart from what is wrapped in it. */
export function contentOf(node) {
  if (node.children === undefined) return node.content
  return Buffer.concat([node.prefix ?? Buffer.alloc(0), writeTree(node.children)])
}

function readHead(bytes, at) {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if ((tag & longTag) === longTag || first === undefined) return undefined
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first }
  const count = first & 0x7f
  if (count === 0 || count > 3 || at + 2 + count > bytes.length) return undefined
  const length = bytes.readUIntBE(at + 2, count)
  const minimal = length >= (count === 1 ? 0x80 : 2 ** (8 * (count - 1)))
  const start = at + 2 + count
  return minimal ? { tag, start, end: start + length } : undefined
}

function readNode(tag, content) {
  if (tag & constructed) {
    const children = readTree(content)
    return children && { tag, children }
  }
  const prefix = tag === bitString ? 1 : 0
  const wraps = (tag === octetString || tag === bitString) && content.length > prefix + 1
  const children = wraps ? readTree(content.subarray(prefix)) : undefined
  if (children === undefined) return { tag, content }
  return { tag, children, prefix: content.subarray(0, prefix) }
}

function writeNode(node) {
  const content = contentOf(node)
  const length = (node.spell ?? writeLength)(content.length)
  const end = node.end ?? Buffer.alloc(0)
  return Buffer.concat([Buffer.from([node.tag]), length, content, end])
}

/** X.690 section 10.1. */
export function writeLength(length) {
  if (length < 0x80) return Buffer.from([length])
  const hex = length.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}
