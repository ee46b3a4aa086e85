import { mcpMtls, tlsFromFiles } from '@mcp-mtls/fastify'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import Fastify from 'fastify'
import { z } from 'zod'

function buildServer() {
  const server = new McpServer({ name: 'my-server', version: '1.0.0' })
  for (const tool of ['search', 'deploy']) {
    server.registerTool(tool, { inputSchema: z.object({}) }, (_args, ctx) => ({
      content: [{ type: 'text', text: `${tool}: done for ${ctx.http.authInfo.clientId}` }],
    }))
  }
  return server
}

/** Every call needs a certificate and a token that is bound to it. `fetch` is how the issuer is asked. */
export async function startServer({ files, issuer, fetch, port, audit }) {
  const tls = await tlsFromFiles({ ...files, clientCertificate: 'request' })
  const mcp = toNodeHandler(createMcpHandler(buildServer))

  const app = Fastify({ serverFactory: tls.createServer })
  app.register(mcpMtls, {
    tls,
    policy: new URL('policy.yaml', import.meta.url),
    oauth: {
      resource: `https://localhost:${port}/mcp`,
      issuers: [{ issuer, fetch }],
      scopes: ['tools:read'],
      binding: 'required',
    },
    audit,
  })
  app.all('/mcp', (request, reply) => {
    reply.hijack()
    return mcp(request.raw, reply.raw, request.body)
  })
  await app.listen({ port })
  return { close: () => app.close().finally(() => tls.close()) }
}
