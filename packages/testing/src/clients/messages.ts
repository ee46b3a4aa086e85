import type { OutgoingHttpHeaders } from 'node:http'

/** A JSON-RPC request as it goes on the wire. */
export interface Message {
  readonly jsonrpc: '2.0'
  readonly id: number | string
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** The head of a POST that both SDK lines accept. */
export const postHeaders: Readonly<Record<string, string>> = Object.freeze({
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
})

const modernVersion = '2026-07-28'

/** A request of the legacy era. */
export function message(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: number | string = 1,
): Message {
  return { jsonrpc: '2.0', id, method, params }
}

/** A `tools/call` of the legacy era. */
export function toolCall(
  name: string,
  args: Readonly<Record<string, unknown>> = {},
  id: number | string = 1,
): Message {
  return message('tools/call', { name, arguments: args }, id)
}

/** Headers and body of a legacy message. */
export function legacyPost(
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): { headers: OutgoingHttpHeaders; body: string } {
  return { headers: { ...postHeaders, ...headers }, body: JSON.stringify(body) }
}

/** Headers and body of a message in revision 2026-07-28: envelope in `_meta`, mirrored in headers. */
export function modernPost(
  request: Message,
  headers: OutgoingHttpHeaders = {},
): { headers: OutgoingHttpHeaders; body: string } {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': modernVersion,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1.0.0' },
  }
  const name = request.params['name'] ?? request.params['uri']
  return {
    headers: {
      ...postHeaders,
      'mcp-protocol-version': modernVersion,
      'mcp-method': request.method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
      ...headers,
    },
    body: JSON.stringify({ ...request, params: { ...request.params, _meta: meta } }),
  }
}
