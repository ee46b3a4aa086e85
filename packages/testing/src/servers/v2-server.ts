import { McpServer, ResourceTemplate, type ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { catalogue, describeCall } from './catalogue.js'

// Said to be public, so that a guard has something to correct.
const shared = { ttlMs: 0, cacheScope: 'public' } as const
const cacheHints = {
  'server/discover': shared,
  'tools/list': shared,
  'prompts/list': shared,
  'resources/list': shared,
  'resources/templates/list': shared,
}

/** The catalogue on an SDK v2 server; everything that runs is noted in `calls`. */
export function createV2Server(calls: string[]): McpServer {
  const server = new McpServer(
    { name: 'fixture-v2', version: '1.0.0' },
    { capabilities: { resources: { subscribe: true } }, cacheHints },
  )
  registerTools(server, calls)
  registerPrompts(server, calls)
  registerResources(server, calls)
  return server
}

function registerTools(server: McpServer, calls: string[]): void {
  for (const name of catalogue.tools) {
    const inputSchema = z.object({ query: z.string().optional() })
    server.registerTool(name, { description: name, inputSchema }, ({ query }, ctx) => {
      calls.push(name)
      return { content: [{ type: 'text', text: describeCall(name, ctx.http?.authInfo, query) }] }
    })
  }
}

function registerPrompts(server: McpServer, calls: string[]): void {
  for (const name of catalogue.prompts) {
    const argsSchema = z.object({ tone: z.string().optional() })
    server.registerPrompt(name, { description: name, argsSchema }, (_args, ctx) => {
      calls.push(name)
      const text = describeCall(name, ctx.http?.authInfo)
      return { messages: [{ role: 'user', content: { type: 'text', text } }] }
    })
  }
}

function registerResources(server: McpServer, calls: string[]): void {
  const read = (uri: URL, ctx: ServerContext) => {
    calls.push(uri.href)
    return { contents: [{ uri: uri.href, text: describeCall(uri.href, ctx.http?.authInfo) }] }
  }
  for (const uri of catalogue.resources) {
    server.registerResource(uri, uri, {}, (url, ctx) => read(url, ctx))
  }
  for (const text of catalogue.templates) {
    const template = new ResourceTemplate(text, { list: undefined })
    server.registerResource(text, template, {}, (url, _variables, ctx) => read(url, ctx))
  }
}
