import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { ResponseMode } from './catalogue.js'
import type { SpeakingFixture } from './mcp-fixture.js'
import { createV2Server } from './v2-server.js'

/** SDK v2's own entry: the modern revision, and the earlier ones without sessions (always as SSE). */
export function createV2Handler(mode: ResponseMode): SpeakingFixture {
  const calls: string[] = []
  const handler = createMcpHandler(() => createV2Server(calls), {
    responseMode: mode === 'JSON' ? 'auto' : 'sse',
  })
  const node = toNodeHandler(handler)
  return {
    calls,
    // IncomingMessage declares optional properties as T | undefined, which exactOptionalPropertyTypes refuses.
    handle: (req, res, body) => node(req as Parameters<typeof node>[0], res, body),
    notifyResourceUpdated: async (uri) => handler.notify.resourceUpdated(uri),
    close: () => handler.close(),
  }
}
