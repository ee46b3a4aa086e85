import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import type { ResponseMode } from './catalogue.js'
import { createEventStore } from './event-store.js'
import { createGate } from './gate.js'
import type { StatefulFixture } from './mcp-fixture.js'
import { createSessions } from './sessions.js'
import { createV1Server } from './v1-server.js'

/** SDK v1 with sessions and an event store. */
export function createV1Stateful(mode: ResponseMode): StatefulFixture {
  const calls: string[] = []
  const gate = createGate()
  const sessions = createSessions(async (options) => {
    const transport = new StreamableHTTPServerTransport({
      ...options,
      enableJsonResponse: mode === 'JSON',
      eventStore: createEventStore<JSONRPCMessage>(),
    })
    const server = createV1Server(calls)
    // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
    await server.connect(transport as Transport)
    const deliver = transport.onmessage
    transport.onmessage = (message, extra) => gate.pass(message, () => deliver?.(message, extra))
    return {
      handle: (req, res, body) => transport.handleRequest(req, res, body),
      notifyResourceUpdated: (uri) => server.server.sendResourceUpdated({ uri }),
      askForRoots: async () => (await server.server.listRoots()).roots.map(({ uri }) => uri),
      close: () => server.close(),
    }
  })
  return { ...sessions, calls, gate }
}
