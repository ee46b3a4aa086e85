import { createHook } from 'node:async_hooks'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGuard, tlsFromFiles } from '@mcp-mtls/core'

// One guarded server in a process of its own: it tells what becomes of its files, and says when asked what
// it holds. `search` answers JSON, `stream` an event stream that takes its time; a GET stream never ends.
const { files, policy } = JSON.parse(process.argv[2])
const quiet = { info() {}, warn() {}, error() {} }
const descriptors = '/proc/self/fd'

// getActiveResourcesInfo leaves out what does not keep the process alive, as most timers here.
let timers = 0
const known = new Set()
createHook({
  init(id, type) {
    if (type !== 'Timeout') return
    known.add(id)
    timers += 1
  },
  destroy(id) {
    if (known.delete(id)) timers -= 1
  },
}).enable()

const tls = await tlsFromFiles(files)
const guard = createGuard({ tls, policy, logger: quiet, audit: () => {} })
await guard.ready
const server = tls.createServer(
  guard.protect(async (req, res, body) => {
    if (req.method === 'GET' || body.params.name === 'stream') await writeStream(res, body)
    else res.setHeader('content-type', 'application/json').end(toAnswer(body))
  }),
)
// Connections of the soak are idle between two requests.
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')

async function writeStream(res, body) {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.write(': open\n\n')
  if (body === undefined) return
  await sleep(20 + 100 * Math.random())
  res.end(`data: ${toAnswer(body)}\n\n`)
}

function toAnswer({ id }) {
  return JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } })
}

const answers = {
  status: () => ({ error: tls.status().lastError?.message }),
  holds() {
    for (let round = 0; round < 4; round += 1) globalThis.gc()
    const { heapUsed, external, rss } = process.memoryUsage()
    const ref = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    return { descriptors: countDescriptors(), timers, ref, heap: heapUsed + external, rss }
  },
}

/** Undefined where the system does not say. */
function countDescriptors() {
  try {
    return readdirSync(descriptors).length
  } catch {
    return undefined
  }
}

tls.on('update', ({ what }) => process.send({ event: 'update', what }))
tls.on('error', ({ message }) => process.send({ event: 'error', message }))
process.on('message', ({ id, ask }) => process.send({ id, answer: answers[ask]() }))
process.on('disconnect', () => process.exit())
process.send({ id: 0, answer: { port: server.address().port } })
