import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { createGuard } from '@mcp-mtls/core'
import { mcpMtls as expressGuard } from '@mcp-mtls/express'
import { mcpMtls as fastifyGuard } from '@mcp-mtls/fastify'
import type { StartAdapter } from '@mcp-mtls/testing'
import express from 'express'
import Fastify from 'fastify'

/** Plain Node; the one of the three that serves HTTP/2 here. */
export const startNode: StartAdapter = async ({ tls, options, handle, http2 }) => {
  const guard = createGuard({ ...options, tls })
  await guard.ready
  const guarded = guard.protect(handle)
  // Over HTTP/2 these are the objects of the compatibility API, which TypeScript knows as other types.
  const listener: typeof guarded = (req, res) => {
    if (!guard.serveMetadata(req as IncomingMessage, res as ServerResponse)) guarded(req, res)
  }
  const server = http2
    ? tls.attach(createSecureServer({ ...tls.options, allowHTTP1: true }, listener))
    : tls.createServer(listener)
  return listen(server, () => guard.close())
}

export const startFastify: StartAdapter = async ({ tls, options, handle }) => {
  const app = Fastify({ serverFactory: tls.createServer })
  app.register(fastifyGuard, { ...options, tls })
  app.all('/mcp', (request, reply) => {
    reply.hijack()
    return handle(request.raw, reply.raw, request.body)
  })
  await app.listen({ port: 0, host: 'localhost' })
  return { url: urlOf(app.server), close: () => app.close() }
}

export const startExpress: StartAdapter = async ({ tls, options, handle }) => {
  const app = express()
  const mtls = expressGuard({ ...options, tls })
  app.use(mtls.metadata)
  app.all('/mcp', mtls, (req, res) => handle(req, res, req.body))
  const server = tls.createServer(app)
  const running = await listen(server, () => mtls.close())
  await mtls.verify(server, '/mcp')
  return running
}

async function listen(server: Server, closeGuard: () => Promise<void>): ReturnType<StartAdapter> {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    url: urlOf(server),
    async close() {
      const closed = once(server, 'close')
      server.close()
      await closeGuard()
      await closed
    },
  }
}

function urlOf(server: Pick<Server, 'address'>): string {
  return `https://localhost:${(server.address() as AddressInfo).port}/mcp`
}
