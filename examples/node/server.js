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
tls.createServer(guard.protect((req, res, body) => mcp(req, res, body))).listen(8443)
