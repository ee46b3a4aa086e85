import { createEventStore, createSessions } from '@mcp-mtls/testing'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { prompts } from './prompts.js'
import { capabilities, createAnswers } from './requests.js'
import { tools } from './tools.js'

const schemas = {
  'prompts/list': ListPromptsRequestSchema,
  'prompts/get': GetPromptRequestSchema,
  'resources/list': ListResourcesRequestSchema,
  'resources/templates/list': ListResourceTemplatesRequestSchema,
  'resources/read': ReadResourceRequestSchema,
  'resources/subscribe': SubscribeRequestSchema,
  'resources/unsubscribe': UnsubscribeRequestSchema,
  'completion/complete': CompleteRequestSchema,
}

/** Everything the suite asks of a server of the revisions up to 2025-11-25, with sessions, on SDK v1. */
export function createEverythingV1() {
  return createSessions(async (options) => {
    const transport = new StreamableHTTPServerTransport({
      ...options,
      eventStore: createEventStore(),
      retryInterval: 200,
    })
    const server = createServer()
    await server.connect(transport)
    return {
      handle: (req, res, body) => transport.handleRequest(req, res, body),
      close: () => server.close(),
    }
  })
}

function createServer() {
  const server = new Server({ name: 'everything-v1', version: '1.0.0' }, { capabilities })
  for (const [method, answer] of Object.entries(createAnswers(prompts))) {
    server.setRequestHandler(schemas[method], ({ params }) => answer(params))
  }
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ run, ...tool }) => tool),
  }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => {
    const tool = tools.find(({ name }) => name === params.name)
    if (tool === undefined) throw Object.assign(new Error('Tool not found'), { code: -32602 })
    return tool.run(params.arguments ?? {}, clientOf(extra))
  })
  return server
}

function clientOf(extra) {
  const progressToken = extra._meta?.progressToken
  const notify = (method, params) => extra.sendNotification({ method, params })
  return {
    log: (data) => notify('notifications/message', { level: 'info', data }),
    progress: async (progress) => {
      if (progressToken === undefined) return
      await notify('notifications/progress', { progressToken, progress, total: 100 })
    },
    sample: (params) =>
      extra.sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema),
    elicit: (params) =>
      extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema),
    closeStream: () => extra.closeSSEStream?.(),
  }
}
