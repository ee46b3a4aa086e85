import type { MtlsFetch } from '@mcp-mtls/client'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { McpClient } from '../clients.js'
import { toText } from './content.js'

/** How each line of SDK v2 negotiates the revision. */
export const v2Modes = {
  'v2-legacy': 'legacy',
  'v2-modern': { pin: '2026-07-28' },
  'v2-auto': 'auto',
} as const

/** An SDK v2 client behind the facade. */
export async function connectV2(
  url: URL,
  options: { readonly fetch: MtlsFetch; readonly line: keyof typeof v2Modes },
): Promise<McpClient> {
  const client = new Client(
    { name: 'fixture-client-v2', version: '1.0.0' },
    { versionNegotiation: { mode: v2Modes[options.line] } },
  )
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: options.fetch }))
  return toV2Facade(client)
}

/** The facade of a connected client. */
export function toV2Facade(client: Client): McpClient {
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
