import type { IncomingMessage, ServerResponse } from 'node:http'
import type { McpFixture } from './mcp-fixture.js'

/** A message as it reached the server: the parsed body, the raw one and the header that repeats the task. */
interface Received {
  readonly body: unknown
  readonly raw: string
  readonly name: string | undefined
}

/** A server of the tasks extension, written by hand: no SDK has one. */
export interface ModernTaskFixture extends McpFixture {
  readonly received: readonly Received[]
}

interface Request {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: { readonly taskId?: string; readonly notifications?: object }
}

const state = { ttlMs: 60_000, createdAt: '2026-08-01T00:00:00Z' }

/**
 * Every tool call makes the next of the tasks `task-1`, `task-2`, …, and every task can be asked for
 * by anybody. A listen stream tells of two of them, `task-1` and `task-2`, whoever listens.
 */
export function createModernTasks(): ModernTaskFixture {
  const received: Received[] = []
  const calls: string[] = []
  return {
    received,
    calls,
    async handle(req, res, body) {
      received.push({ body, raw: String(Reflect.get(req, 'rawBody')), name: nameOf(req) })
      const request = body as Request
      calls.push(String(request.method))
      if (request.method === 'subscriptions/listen') tell(res, request)
      else answer(res, request, calls.filter((method) => method === 'tools/call').length)
    },
    close: async () => {},
  }
}

function nameOf({ rawHeaders }: IncomingMessage): string | undefined {
  const index = rawHeaders.findIndex((text) => text.toLowerCase() === 'mcp-name')
  return index === -1 ? undefined : rawHeaders[index + 1]
}

function answer(res: ServerResponse, { id, method, params }: Request, made: number): void {
  const result =
    method === 'tools/call'
      ? { resultType: 'task', taskId: `task-${made}`, status: 'working', ...state }
      : method === 'tasks/get'
        ? { resultType: 'complete', taskId: params?.taskId, status: 'working', ...state }
        : { resultType: 'complete' }
  res.writeHead(200, { 'content-type': 'application/json' })
  res.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}

function tell(res: ServerResponse, { id, params }: Request): void {
  const meta = { 'io.modelcontextprotocol/subscriptionId': id }
  const acknowledged = { _meta: meta, notifications: params?.notifications }
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (method: string, values: object) => {
    const message = { jsonrpc: '2.0', method, params: values }
    res.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  }
  send('notifications/subscriptions/acknowledged', acknowledged)
  for (const taskId of ['task-1', 'task-2']) {
    send('notifications/tasks', { _meta: meta, taskId, status: 'working', ...state })
  }
  res.end()
}
