import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import type { ResponseMode } from './catalogue.js'
import { createEventStore } from './event-store.js'
import { createGate } from './gate.js'
import type { StatefulFixture } from './mcp-fixture.js'
import { createSessions } from './sessions.js'
import { createV2Server } from './v2-server.js'

/** SDK v2's transport for Node with sessions and an event store; speaks the revisions up to 2025-11-25. */
export function createV2Stateful(mode: ResponseMode): StatefulFixture {
  const calls: string[] = []
  const gate = createGate()
  const sessions = createSessions(async (options) => {
    const transport = new NodeStreamableHTTPServerTransport({
      ...options,
      enableJsonResponse: mode === 'JSON',
      eventStore: createEventStore<JSONRPCMessage>(),
    })
    const server = createV2Server(calls)
    await server.connect(transport)
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
