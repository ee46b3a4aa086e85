import { mcpMtls, tlsFromFiles } from '@mcp-mtls/express'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import express from 'express'
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

const app = express()
const mtls = mcpMtls({ tls, policy: 'policy.yaml' })
app.use((_req, res, next) => {
  res.setHeader('strict-transport-security', 'max-age=31536000')
  next()
})
app.use(mtls.health)
app.all('/mcp', mtls, (req, res) => mcp(req, res, req.body)) // before express.json()
const server = tls.createServer(app).listen(8443, async () => {
  await mtls.verify(server, '/mcp')
  // Plain HTTP on loopback at port 9443, for probes without a certificate.
  await mtls.health.listen(server)
})
// Renewed certificates are found without it; it makes them count at once.
process.on('SIGHUP', () => tls.reload().catch((error) => console.error(error.message)))
