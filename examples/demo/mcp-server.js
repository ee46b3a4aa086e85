import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { byCertificate } from './expected.js'

/** An MCP server that offers everything to everybody: what a caller sees of it is the guard's work. */
export function createHandler() {
  const handler = createMcpHandler(buildServer)
  return { node: toNodeHandler(handler), close: () => handler.close() }
}

function buildServer() {
  const server = new McpServer({ name: 'demo', version: '1.0.0' })
  for (const { kind, name } of byCertificate.rows) register[kind](server, name)
  return server
}

const register = {
  tool: (server, name) =>
    server.registerTool(name, { inputSchema: z.object({}) }, (_args, ctx) => ({
      content: [{ type: 'text', text: describe(name, ctx) }],
    })),
  prompt: (server, name) =>
    server.registerPrompt(name, { argsSchema: z.object({}) }, (_args, ctx) => ({
      messages: [{ role: 'user', content: { type: 'text', text: describe(name, ctx) } }],
    })),
  resource: (server, uri) =>
    server.registerResource(uri, uri, {}, (_url, ctx) => ({
      contents: [{ uri, text: describe(uri, ctx) }],
    })),
}

function describe(name, ctx) {
  return `${name}: done for ${ctx.http.authInfo.clientId}`
}
