import { createGuard } from '@mcp-mtls/core'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

/** An MCP server of SDK v2 on plain Node. */
export async function serveSdk({ tls, options }) {
  const handle = toNodeHandler(createMcpHandler(buildServer))
  if (options === undefined) return tls.createServer((req, res) => void handle(req, res))
  const guard = createGuard({ ...options, tls })
  await guard.ready
  return tls.createServer(guard.protect((req, res, body) => handle(req, res, body)))
}

function buildServer() {
  const server = new McpServer({ name: 'bench', version: '1.0.0' })
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }))
  return server
}
