import { once } from 'node:events'
import { mcpMtls as expressGuard, tlsFromFiles } from '@mcp-mtls/express'
import { mcpMtls as fastifyGuard } from '@mcp-mtls/fastify'
import express from 'express'
import Fastify from 'fastify'
import { createHandler } from './mcp-server.js'

const host = '127.0.0.1'

const adapters = { Fastify: startFastify, Express: startExpress }

/** Both servers, each with its own guard and log, and the same policy and `oauth`; both or none. */
export async function startServers(files, options) {
  const servers = {}
  try {
    for (const [name, startAdapter] of Object.entries(adapters)) {
      servers[name] = await start(startAdapter, files, options)
    }
    return servers
  } catch (error) {
    await stopServers(servers)
    throw error
  }
}

export async function stopServers(servers) {
  for (const server of Object.values(servers)) await server.stop()
}

async function start(startAdapter, files, options) {
  const tls = await tlsFromFiles(files)
  const handler = createHandler()
  const log = createLog()
  const running = await startAdapter(handler, { ...options, tls, logger: log.logger })
  return {
    url: `https://${host}:${running.port}/mcp`,
    log: log.entries,
    async stop() {
      await running.stop()
      await tls.close()
      await handler.close()
    },
  }
}

async function startFastify(handler, options) {
  const app = Fastify({ serverFactory: options.tls.createServer })
  app.register(fastifyGuard, options)
  app.all('/mcp', (request, reply) => {
    reply.hijack()
    return handler.node(request.raw, reply.raw, request.body)
  })
  await app.listen({ port: 0, host })
  return { port: app.server.address().port, stop: () => app.close() }
}

async function startExpress(handler, options) {
  const app = express()
  const guard = expressGuard(options)
  app.all('/mcp', guard, (req, res) => handler.node(req, res, req.body))
  const server = options.tls.createServer(app).listen(0, host)
  await once(server, 'listening')
  await guard.verify(server, '/mcp')
  const stop = async () => {
    await guard.close()
    server.close()
    await once(server, 'close')
  }
  return { port: server.address().port, stop }
}

/** Keeps what the guard logs; its `audit` field is the event. */
function createLog() {
  const entries = []
  const note = ({ audit }, message) => entries.push({ audit, message })
  return { entries, logger: { info: note, warn: note, error: note } }
}
