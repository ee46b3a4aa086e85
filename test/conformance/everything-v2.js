import { createEventStore, createSessions } from '@mcp-mtls/testing'
import {
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  fromJsonSchema,
  isLegacyRequest,
  McpServer,
} from '@modelcontextprotocol/server'
import { createModernTools, modernPrompts, requestState } from './input-required.js'
import { prompts } from './prompts.js'
import { capabilities, createAnswers } from './requests.js'
import { tools } from './tools.js'

/** Everything the suite asks, in both eras at one address, on SDK v2: sessions for the legacy revisions, 2026-07-28 without. */
export function createEverythingV2() {
  const sessions = createLegacySessions()
  const handler = createMcpHandler(
    () => createServer(createModernTools(handler.notify), [...prompts, ...modernPrompts]),
    { legacy: 'reject' },
  )
  const modern = toNodeHandler(handler)
  return {
    async handle(req, res, body) {
      const legacy = await isLegacyRequest(await toWebRequest(req, body), body)
      await (legacy ? sessions.handle(req, res, body) : modern(req, res, body))
    },
    async close() {
      await sessions.close()
      await handler.close()
    },
  }
}

function createLegacySessions() {
  return createSessions(async (options) => {
    const transport = new NodeStreamableHTTPServerTransport({
      ...options,
      eventStore: createEventStore(),
      retryInterval: 200,
    })
    const server = createServer([], prompts)
    await server.connect(transport)
    return {
      handle: (req, res, body) => transport.handleRequest(req, res, body),
      close: () => server.close(),
    }
  })
}

function createServer(modernTools, offeredPrompts) {
  const server = new McpServer(
    { name: 'everything-v2', version: '1.0.0' },
    { capabilities, requestState },
  )
  for (const { name, description, inputSchema, run } of tools) {
    const config = { description, inputSchema: fromJsonSchema(inputSchema) }
    server.registerTool(name, config, (args, context) => run(args, clientOf(context)))
  }
  for (const { name, description, inputSchema, run } of modernTools) {
    const config = { description, inputSchema: fromJsonSchema(inputSchema) }
    server.registerTool(name, config, (args, context) => run(args, context))
  }
  for (const [method, answer] of Object.entries(createAnswers(offeredPrompts))) {
    server.server.setRequestHandler(method, ({ params }, context) => answer(params, context))
  }
  return server
}

function clientOf({ mcpReq, http }) {
  const progressToken = mcpReq._meta?.progressToken
  return {
    log: (data) => mcpReq.log('info', data),
    progress: async (progress) => {
      if (progressToken === undefined) return
      const params = { progressToken, progress, total: 100 }
      await mcpReq.notify({ method: 'notifications/progress', params })
    },
    sample: (params) => mcpReq.requestSampling(params),
    elicit: (params) => mcpReq.elicitInput(params),
    closeStream: () => http?.closeSSE?.(),
  }
}
