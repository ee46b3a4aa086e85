import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'
import { catalogue, describeCall } from './catalogue.js'

/** The catalogue on an SDK v1 server; everything that runs is noted in `calls`. */
export function createV1Server(calls: string[]): McpServer {
  const server = new McpServer({ name: 'fixture-v1', version: '1.0.0' })
  registerTools(server, calls)
  registerPrompts(server, calls)
  registerResources(server, calls)
  return server
}

function registerTools(server: McpServer, calls: string[]): void {
  for (const name of catalogue.tools) {
    const inputSchema = { query: z.string().optional() }
    server.registerTool(name, { description: name, inputSchema }, ({ query }, extra) => {
      calls.push(name)
      return { content: [{ type: 'text', text: describeCall(name, extra.authInfo, query) }] }
    })
  }
}

function registerPrompts(server: McpServer, calls: string[]): void {
  for (const name of catalogue.prompts) {
    const argsSchema = { tone: z.string().optional() }
    server.registerPrompt(name, { description: name, argsSchema }, (_args, extra) => {
      calls.push(name)
      const text = describeCall(name, extra.authInfo)
      return { messages: [{ role: 'user', content: { type: 'text', text } }] }
    })
  }
}

function registerResources(server: McpServer, calls: string[]): void {
  const read = (uri: URL, extra: { authInfo?: { clientId: string } }) => {
    calls.push(uri.href)
    return { contents: [{ uri: uri.href, text: describeCall(uri.href, extra.authInfo) }] }
  }
  for (const uri of catalogue.resources) {
    server.registerResource(uri, uri, {}, (url, extra) => read(url, extra))
  }
  for (const text of catalogue.templates) {
    const template = new ResourceTemplate(text, { list: undefined })
    server.registerResource(text, template, {}, (url, _variables, extra) => read(url, extra))
  }
}
