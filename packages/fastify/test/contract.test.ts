import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { adapterContract } from '@mcp-mtls/testing/contract'
import Fastify, { type FastifyInstance } from 'fastify'
import { mcpMtls } from '../src/index.js'

adapterContract('Fastify 5', async ({ tls, options, handle, http2, paths = ['/mcp'] }) => {
  const app: FastifyInstance = http2
    ? (Fastify({
        http2: true,
        serverFactory: (listener) =>
          tls.attach(createSecureServer({ ...tls.options, allowHTTP1: true }, listener)),
      }) as unknown as FastifyInstance)
    : Fastify({ serverFactory: tls.createServer })
  app.register(mcpMtls, { ...options, tls, path: paths })
  for (const path of paths) {
    app.all(path, (request, reply) => {
      reply.hijack()
      handle(request.raw, reply.raw, request.body, request.query).catch(() =>
        reply.raw.writeHead(500).end(),
      )
    })
  }
  await app.listen({ port: 0, host: 'localhost' })
  const { port } = app.server.address() as AddressInfo
  return { url: `https://localhost:${port}${paths[0]}`, close: () => app.close() }
})
