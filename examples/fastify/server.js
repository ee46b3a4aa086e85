import { mcpMtls, tlsFromFiles } from '@mcp-mtls/fastify'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import Fastify from 'fastify'
import { z } from 'zod'

function buildServer() {
  const server = new McpServer({ name: 'my-server', version: '1.0.0' })
  server.registerTool('search', { inputSchema: z.object({ q: z.string() }) }, ({ q }, ctx) => ({
    content: [{ type: 'text', text: `results for ${q}, found for ${ctx.http.authInfo.clientId}` }],
  }))
  return server
}

const dir = 'certs/mcp/plugins/my-server'
const tls = await tlsFromFiles({
  cert: `${dir}/server.crt`,
  key: `${dir}/server.key`,
  ca: `${dir}/ca.crt`,
})
const mcp = toNodeHandler(createMcpHandler(buildServer))

const app = Fastify({ serverFactory: tls.createServer })
// Plain HTTP on loopback at port 9443 answers /health and /ready, for probes without a certificate.
app.register(mcpMtls, { tls, policy: 'policy.yaml', health: true })
app.addHook('onRequest', async (_request, reply) => {
  reply.raw.setHeader('strict-transport-security', 'max-age=31536000')
})
app.all('/mcp', (request, reply) => {
  reply.hijack()
  return mcp(request.raw, reply.raw, request.body)
})
await app.listen({ port: 8443 })
// Renewed certificates are found without it; it makes them count at once.
process.on('SIGHUP', () => tls.reload().catch((error) => console.error(error.message)))
console.log('https://localhost:8443/mcp')
