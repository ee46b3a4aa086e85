import { once } from 'node:events'
import { createServer } from 'node:http'
import { createGuard, definePolicy, tlsFromFiles } from '@mcp-mtls/core'
import { createTestCertificates, spiffeIds } from '@mcp-mtls/testing'
import { createEverythingV1 } from './everything-v1.js'
import { createEverythingV2 } from './everything-v2.js'
import { createRelay } from './relay.js'

const everything = { v1: createEverythingV1, v2: createEverythingV2 }
const modes = { bare: serveBare, guarded: serveGuarded }
const policy = {
  version: 1,
  roles: { all: { tools: ['*'], prompts: ['*'], resources: ['**'] } },
  assignments: [{ spiffe: spiffeIds.operator, roles: ['all'] }],
}

/** `serve.js v1|v2 bare|guarded` prints the URL to test and serves until its standard input ends. */
const [sdk, mode] = process.argv.slice(2)
const fixture = everything[sdk]()
const running = await modes[mode](fixture)
process.stdout.write(`${running.url}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await running.close()
await fixture.close()

async function serveBare({ handle }) {
  const server = createServer((req, res) => {
    answerBare(handle, req, res).catch((error) => {
      report(error.stack)
      res.destroy()
    })
  })
  const port = await listen(server)
  return { url: urlOf(port), close: () => close(server) }
}

async function answerBare(handle, req, res) {
  if (!namesThisHost(req)) {
    res.writeHead(403, { 'content-type': 'application/json' }).end('{}')
    return
  }
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  await handle(req, res, req.method === 'POST' ? JSON.parse(Buffer.concat(chunks)) : undefined)
}

/** The check against DNS rebinding that the guard makes in the other mode. */
function namesThisHost({ headers }) {
  const origin = headers.origin ?? `http://${headers.host}`
  return [`http://${headers.host}`, origin].every((url) => new URL(url).hostname === 'localhost')
}

async function serveGuarded({ handle }) {
  const certificates = await createTestCertificates()
  const tls = await tlsFromFiles(certificates.files)
  const relay = createRelay(certificates.clients.operator)
  const port = await listen(relay.server)
  const guard = createGuard({
    tls,
    policy: definePolicy(policy),
    hosts: ['localhost'],
    origins: [`http://localhost:${port}`],
    audit: (event) => event.effect === 'deny' && report(JSON.stringify(event)),
    logger: { info: () => {}, warn: (_fields, message) => report(message), error: reportError },
  })
  await guard.ready
  const server = tls.createServer(guard.protect(handle))
  relay.forwardTo(await listen(server))
  return {
    url: urlOf(port),
    async close() {
      await close(relay.server)
      await guard.close()
      await close(server)
      await tls.close()
      await certificates.remove()
    },
  }
}

async function listen(server) {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return server.address().port
}

async function close(server) {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

function urlOf(port) {
  return `http://localhost:${port}/mcp`
}

function report(line) {
  process.stderr.write(`${line}\n`)
}

function reportError(fields, message) {
  report(`${message} ${fields.err?.stack ?? ''}`)
}
