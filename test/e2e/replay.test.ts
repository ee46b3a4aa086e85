import {
  createEventStore,
  createTestCertificates,
  legacyPost,
  openRawSession,
  openRawStream,
  rawRequest,
  type TestCertificates,
  toolCall,
  until,
  writePolicy,
} from '@mcp-mtls/testing'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenServer, openServer } from './open-server.js'

let certificates: TestCertificates
let policy: string

beforeAll(async () => {
  certificates = await createTestCertificates()
  policy = await writePolicy(certificates.directory)
})
afterAll(() => certificates.remove())

/** A server whose sessions share one event store, as those with a database do. */
function open(): Promise<OpenServer> {
  const eventStore = createEventStore<JSONRPCMessage>()
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const connect = async () => {
    const transport = new StreamableHTTPServerTransport({
      eventStore,
      sessionIdGenerator: () => `session-${transports.size}`,
      onsessioninitialized: (id) => void transports.set(id, transport),
    })
    const server = new McpServer({ name: 'shared', version: '1.0.0' })
    server.registerTool('deploy', { description: 'd' }, () => ({
      content: [{ type: 'text', text: 'the plan' }],
    }))
    // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
    await server.connect(transport as Transport)
    return transport
  }
  return openServer({
    files: certificates.files,
    options: { policy },
    handle: async (req, res, body) => {
      const transport = transports.get(String(req.headers['mcp-session-id'])) ?? (await connect())
      await transport.handleRequest(req, res, body)
    },
  })
}

it('D14 replays an answer to the caller who asked, and to no other who has learnt of its event', async () => {
  const { url } = await open()
  const { reader, operator } = certificates.clients
  const owner = await openRawSession(url, operator)
  const answer = await rawRequest(url, {
    certificate: operator,
    ...legacyPost(toolCall('deploy'), owner),
  })
  const event = /^id: ?(.+)$/m.exec(answer.body)?.[1] ?? ''
  expect(answer.body).toContain('the plan')
  const own = await openRawSession(url, reader)
  const resume = (certificate: typeof reader, headers: Record<string, string>) =>
    openRawStream(url, { certificate, headers: { accept: 'text/event-stream', ...headers } })

  const [bare = ''] = event.split('.')
  for (const id of [event, bare, String(Number(bare) + 1), '1']) {
    const stolen = await resume(reader, { ...own, 'last-event-id': id })
    await stolen.ended
    expect([stolen.status, stolen.text()]).toEqual([
      404,
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}',
    ])
  }
  const resumed = await resume(operator, { ...owner, 'last-event-id': event })
  await until(() => resumed.text().includes('the plan'))
  resumed.close()
})
