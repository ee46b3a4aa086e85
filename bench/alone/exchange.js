import { createServer } from 'node:http'
import { Session } from 'node:inspector/promises'
import { createGuard } from '@mcp-mtls/core'
import { benchPolicy } from '../policies.js'
import { readJson } from '../stacks/node.js'
import { median } from '../statistics.js'
import { respond } from '../work.js'
import { callerCertificates } from './caller.js'
import { createMemoryConnection } from './memory-connection.js'
import { sumByPart } from './parts.js'
import { answerAlone } from './timing.js'

const connections = 16
const requests = 20_000
const body = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'hello, world' } },
})
const request = [
  'POST /mcp HTTP/1.1',
  'host: localhost',
  'content-type: application/json',
  'accept: application/json, text/event-stream',
  `content-length: ${body.length}`,
  '',
  body,
].join('\r\n')

/** What a short call costs without network and TLS, and what of the program that is spent in. */
answerAlone(async ({ guarded, rounds }) => {
  const { leaf } = await callerCertificates()
  const run = serve(await createListener(guarded), leaf)
  for (let round = 0; round < 4; round += 1) await run()
  const times = []
  for (let round = 0; round < rounds; round += 1) times.push(await timeOf(run))
  return { microseconds: median(times), parts: await profile(run) }
})

async function createListener(guarded) {
  const handle = (_req, res, parsed) => respond(res, 'echo', parsed)
  if (!guarded) return (req, res) => readJson(req, (parsed) => handle(req, res, parsed))
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const guard = createGuard({ policy: benchPolicy(), logger: quiet, audit: () => {} })
  await guard.ready
  return guard.protect(handle)
}

function serve(listener, certificate) {
  const server = createServer(listener)
  let left = 0
  let finish
  const answered = (connection) => {
    left -= 1
    if (left > 0) setImmediate(connection.ask)
    else if (left === 0) setImmediate(finish)
  }
  const open = Array.from({ length: connections }, () =>
    createMemoryConnection(certificate, request, answered),
  )
  for (const connection of open) server.emit('connection', connection)
  return () =>
    new Promise((resolve) => {
      left = requests
      finish = () => setImmediate(resolve)
      for (const connection of open) connection.ask()
    })
}

async function timeOf(run) {
  const start = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / requests
}

async function profile(run) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 100 })
  await session.post('Profiler.start')
  for (let round = 0; round < 10; round += 1) await run()
  const { profile: taken } = await session.post('Profiler.stop')
  session.disconnect()
  return sumByPart(taken)
}
