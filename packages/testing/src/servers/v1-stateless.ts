import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { ResponseMode } from './catalogue.js'
import type { McpFixture } from './mcp-fixture.js'
import { createV1Server } from './v1-server.js'

/** SDK v1 with a server and a transport for every request. */
export function createV1Stateless(mode: ResponseMode): McpFixture {
  const calls: string[] = []
  return {
    calls,
    async handle(req, res, body) {
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: mode === 'JSON' })
      const server = createV1Server(calls)
      res.once('close', () => void server.close())
      // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
      await server.connect(transport as Transport)
      await transport.handleRequest(req, res, body)
    },
    close: async () => {},
  }
}
