import { mtlsFetch } from '@mcp-mtls/client'
import * as v2 from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const info = { name: 'demo-client', version: '1.0.0' }

const lines = {
  'SDK v1': { client: () => new ClientV1(info), transport: TransportV1 },
  'SDK v2': { client: () => new v2.Client(info), transport: v2.StreamableHTTPClientTransport },
}

/** The MCP clients the demo runs. */
export const sdks = Object.keys(lines)

/**
 * Connects a real MCP client over mTLS. Where the server refuses that, the answer holds the refusal and
 * a client that goes on asking without the SDK, so that every single operation is tried all the same.
 */
export async function connect(sdk, url, credentials) {
  const { fetch, close } = openFetch(credentials)
  const client = lines[sdk].client()
  try {
    await client.connect(new lines[sdk].transport(new URL(url), { fetch }))
    return { client, close: () => client.close().finally(close) }
  } catch (refusal) {
    return { refusal, client: createBareClient(url, fetch), close }
  }
}

/** A fetch that presents a certificate and, if there is one, a token. */
export function openFetch({ certificate, token }) {
  const mtls = mtlsFetch(certificate)
  const fetch = (url, init = {}) => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    return mtls(url, { ...init, headers })
  }
  return { fetch, close: mtls.close }
}

function createBareClient(url, fetch) {
  const ask = (method) => (params) => request({ url, fetch }, method, params)
  return {
    listTools: ask('tools/list'),
    callTool: ask('tools/call'),
    listPrompts: ask('prompts/list'),
    getPrompt: ask('prompts/get'),
    listResources: ask('resources/list'),
    readResource: ask('resources/read'),
  }
}

/** One JSON-RPC request, with nothing of an SDK in between. */
export async function request(server, method, params) {
  const response = await postMessage(server, method, params)
  const { error, result } = parseAnswer(await response.text())
  if (error) throw Object.assign(new Error(error.message), { code: error.code })
  return result
}

export function postMessage({ url, fetch }, method, params = {}) {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}

function parseAnswer(text) {
  const data = text.split('\n').find((line) => line.startsWith('data: {'))
  return JSON.parse(data ? data.slice('data: '.length) : text)
}
