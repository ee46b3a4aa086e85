import type { ServerResponse } from 'node:http'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import type { McpFixture } from './mcp-fixture.js'
import { createV1Server } from './v1-server.js'

/** The routes of HTTP+SSE: the stream, and where messages are posted. */
export const ssePaths = ['/sse', '/messages'] as const

/** SDK v1 over HTTP+SSE (revision 2024-11-05): a GET opens a session, whose id is in the URL to post to. */
export function createV1Sse(): McpFixture {
  const calls: string[] = []
  const transports = new Map<string, SSEServerTransport>()

  async function open(res: ServerResponse): Promise<void> {
    const transport = new SSEServerTransport(ssePaths[1], res)
    transports.set(transport.sessionId, transport)
    res.once('close', () => transports.delete(transport.sessionId))
    await createV1Server(calls).connect(transport)
  }

  return {
    calls,
    async handle(req, res, body, query) {
      if (req.method === 'GET') return open(res)
      const transport = transports.get(readSessionId(query))
      if (transport === undefined) res.writeHead(410).end('no such session')
      else await transport.handlePostMessage(req, res, body)
    },
    async close() {
      await Promise.all([...transports.values()].map((transport) => transport.close()))
    },
  }
}

/** As applications do that look the parsed parameter up in an object: a list of one counts as its text. */
function readSessionId(query: unknown): string {
  if (typeof query !== 'object' || query === null || !('sessionId' in query)) return ''
  return String(query.sessionId)
}
