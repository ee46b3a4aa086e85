import { mcpMtls } from '@mcp-mtls/fastify'
import Fastify from 'fastify'
import { answer } from '../work.js'

/** Fastify; unguarded its own parser reads the body. */
export async function serveFastify({ tls, work, options }) {
  const app = Fastify({ serverFactory: tls.createServer })
  if (options !== undefined) app.register(mcpMtls, { ...options, tls })
  app.post('/mcp', (request, reply) => {
    reply.header('content-type', 'application/json').send(answer(work, request.body))
  })
  await app.ready()
  return app.server
}
