import { createGuard, tlsFromFiles } from '@mcp-mtls/core'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
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

const guard = createGuard({ tls, policy: 'policy.yaml' })
await guard.ready
const listener = guard.protect((req, res, body) => mcp(req, res, body))
const server = tls.createServer((req, res) => {
  res.setHeader('strict-transport-security', 'max-age=31536000')
  listener(req, res)
})
// Plain HTTP on loopback at port 9443 answers /health and /ready, for probes without a certificate.
server.listen(8443, () => guard.health.listen(server))
// Renewed certificates are found without it; it makes them count at once.
process.on('SIGHUP', () => tls.reload().catch((error) => console.error(error.message)))
