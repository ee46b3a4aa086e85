import { toolName } from './policies.js'

/** What every server of the benchmarks answers: the whole work behind the guard. */
const works = {
  echo: (body) => ({ content: [{ type: 'text', text: body.params.arguments.text }] }),
  list: () => ({ tools: catalogue }),
}

let catalogue = []

/** Makes the list of `length` tools, each with a description and an input schema. */
export function fillCatalogue(length) {
  catalogue = Array.from({ length }, (_, index) => ({
    name: toolName(index),
    description: `Does what tool ${index} does, and says so in about as many words as a tool needs.`,
    inputSchema: {
      type: 'object',
      properties: { query: { type: 'string' }, limit: { type: 'number' } },
      required: ['query'],
    },
  }))
}

/** The answer to a parsed request, as JSON text. */
export function answer(work, body) {
  return JSON.stringify({ jsonrpc: '2.0', id: body.id, result: works[work](body) })
}

/** Answers a request on Node's response. */
export function respond(res, work, body) {
  const text = answer(work, body)
  res.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  res.end(text)
}
