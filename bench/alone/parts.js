// By file of core, the first that fits; what is called natively counts to its caller.
const parts = [
  [
    'body: read and put back',
    /\/http\/(?:read-body|read-stream|media-type)\.js|\/receive-body\.js/,
  ],
  ['body: JSON, its keys and depth', /\/(?:parse-json|check-keys|scan-json)\.js/],
  ['headers, origin, session', /\/http\/(?:headers|origin)\.js|\/sessions\.js/],
  ['who is calling', /\/identity\/|\/(?:authenticate|connections?|principals|identify-caller)\.js/],
  ['messages and decision', /\/mcp\/(?!may-hold)|\/policy\/|\/(?:judge|weigh)\.js/],
  ['audit event', /\/audit\/|\/audit-verdict\.js/],
  ['answer: head and filter', /\/http\/|\/may-hold-list\.js/],
  ['the steps between these', /\/core\/dist\//],
  ['the handler and its JSON', /\/bench\/(?:work|stacks\/node)\.js/],
  ["the benchmark's own sockets", /\/bench\//],
  ['Node: HTTP and streams', /^node:/],
]

/** The shares of a CPU profile by part of the program; idle time is left out. */
export function sumByPart({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((each) => [each, id])),
  )
  const sums = {}
  let total = 0
  for (const [index, id] of samples.entries()) {
    const part = partOf(id, byId, parents)
    if (part === undefined) continue
    sums[part] = (sums[part] ?? 0) + timeDeltas[index]
    total += timeDeltas[index]
  }
  return Object.fromEntries(Object.entries(sums).map(([part, sum]) => [part, sum / total]))
}

function partOf(id, byId, parents) {
  for (let at = id; at !== undefined; at = parents.get(at)) {
    const { functionName, url } = byId.get(at).callFrame
    if (functionName === '(idle)') return undefined
    if (functionName === '(garbage collector)') return 'garbage collector'
    const part = parts.find(([, pattern]) => pattern.test(url))
    if (part !== undefined) return part[0]
  }
  return 'Node: HTTP and streams'
}
