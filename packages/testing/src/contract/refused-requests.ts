import type { OutgoingHttpHeaders } from 'node:http'
import { legacyPost, modernPost, toolCall } from '../clients/messages.js'

/** A request that is refused, and how. */
export interface Refusal {
  readonly what: string
  readonly headers: OutgoingHttpHeaders
  readonly body: string
  readonly status: number
  readonly code: number
}

const call = legacyPost(toolCall('search'))

function typed(contentType: string | undefined): Pick<Refusal, 'headers' | 'body'> {
  const { 'content-type': _, ...others } = call.headers
  const headers = contentType === undefined ? others : { ...others, 'content-type': contentType }
  return { headers, body: call.body }
}

function text(body: string): Pick<Refusal, 'headers' | 'body'> {
  return { headers: call.headers, body }
}

const contentTypes: readonly Refusal[] = [
  { what: 'D03 text/plain', ...typed('text/plain'), status: 415, code: -32600 },
  {
    what: 'D03 text/plain that mentions JSON',
    ...typed('text/plain;a=application/json'),
    status: 415,
    code: -32600,
  },
  { what: 'D03 a longer type', ...typed('application/jsonx'), status: 415, code: -32600 },
  {
    what: 'D03 a patch type',
    ...typed('application/json-patch+json'),
    status: 415,
    code: -32600,
  },
  { what: 'D03 no content type', ...typed(undefined), status: 415, code: -32600 },
]

const bodies: readonly Refusal[] = [
  { what: 'malformed JSON', ...text('{"jsonrpc":'), status: 400, code: -32700 },
  { what: 'an empty body', ...text(''), status: 400, code: -32700 },
  { what: 'D01 a batch', ...legacyPost([toolCall('search')]), status: 400, code: -32600 },
  { what: 'D01 an empty batch', ...legacyPost([]), status: 400, code: -32600 },
  {
    what: 'D01 a batch in a batch',
    ...legacyPost([[toolCall('search')]]),
    status: 400,
    code: -32600,
  },
  { what: 'a scalar', ...text('7'), status: 400, code: -32600 },
  {
    what: 'D04 a __proto__ key in params',
    ...text(call.body.replace('"arguments":{}', '"arguments":{},"__proto__":{"name":"deploy"}')),
    status: 400,
    code: -32600,
  },
  {
    what: 'D04 an escaped __proto__ key',
    ...text(call.body.replace('"arguments":{}', '"\\u005f_proto__":{}')),
    status: 400,
    code: -32600,
  },
  {
    what: 'D02 METHOD beside method',
    ...text(call.body.replace('"method"', '"METHOD":"tools/list","method"')),
    status: 400,
    code: -32600,
  },
  {
    what: 'D02 Name beside name',
    ...text(call.body.replace('"name"', '"Name":"deploy","name"')),
    status: 400,
    code: -32600,
  },
  {
    what: 'D05 a null id',
    ...legacyPost({ ...toolCall('search'), id: null }),
    status: 400,
    code: -32600,
  },
  {
    what: 'D05 a fractional id',
    ...legacyPost({ ...toolCall('search'), id: 1.5 }),
    status: 400,
    code: -32600,
  },
  {
    what: 'D12 an id beyond the safe integers',
    ...text(call.body.replace('"id":1', '"id":12345678901234567890')),
    status: 400,
    code: -32600,
  },
  {
    what: 'D05 params as an array',
    ...legacyPost({ ...toolCall('search'), params: [] }),
    status: 400,
    code: -32600,
  },
]

const headerMismatches: readonly Refusal[] = [
  {
    what: 'D07 Mcp-Method of another method',
    ...legacyPost(toolCall('search'), { 'mcp-method': 'tools/list' }),
    status: 400,
    code: -32020,
  },
  {
    what: 'D07 Mcp-Name of another tool',
    ...legacyPost(toolCall('search'), { 'mcp-name': 'docs.read' }),
    status: 400,
    code: -32020,
  },
  {
    what: 'D31 Mcp-Method twice',
    ...legacyPost(toolCall('search'), { 'mcp-method': ['tools/call', 'tools/list'] }),
    status: 400,
    code: -32600,
  },
]

/** Modern requests whose headers say something else than their body. */
export const refusedModern: readonly Refusal[] = [
  { 'mcp-method': 'tools/list' },
  { 'mcp-name': 'docs.read' },
  { 'mcp-name': '=?base64?ZGVwbG95?=' },
  { 'mcp-protocol-version': '2025-11-25' },
].map((headers) => ({
  what: `D07 modern ${Object.entries(headers).join()}`,
  ...modernPost(toolCall('search'), headers),
  status: 400,
  code: -32020,
}))

/** Legacy requests that cannot be judged: all ask for an allowed tool, each in a wrong way. */
export const refusedLegacy: readonly Refusal[] = [...contentTypes, ...bodies, ...headerMismatches]
