import type { MtlsFetch } from '@mcp-mtls/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { McpClient } from '../clients.js'
import { toText } from './content.js'

/** An SDK v1 client behind the facade. */
export function connectV1(url: URL, fetch: MtlsFetch): Promise<McpClient> {
  // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
  return connectOver(new StreamableHTTPClientTransport(url, { fetch }) as Transport)
}

/** An SDK v1 client over HTTP+SSE. */
export function connectV1Sse(url: URL, fetch: MtlsFetch): Promise<McpClient> {
  return connectOver(new SSEClientTransport(url, { fetch }))
}

async function connectOver(transport: Transport): Promise<McpClient> {
  const client = new Client({ name: 'fixture-client-v1', version: '1.0.0' })
  await client.connect(transport)
  return toV1Facade(client)
}

/** The facade of a connected client. */
export function toV1Facade(client: Client): McpClient {
  return {
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    callTool: async (name, args = {}) => {
      const result = await client.callTool({ name, arguments: args })
      return { text: toText(result.content), isError: result.isError === true }
    },
    listPrompts: async () => (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    getPrompt: async (name) =>
      toText(
        (await client.getPrompt({ name, arguments: {} })).messages.map(
          (message) => message.content,
        ),
      ),
    listResources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    listResourceTemplates: async () =>
      (await client.listResourceTemplates()).resourceTemplates.map((item) => item.uriTemplate),
    readResource: async (uri) => toText((await client.readResource({ uri })).contents),
    close: () => client.close(),
  }
}
