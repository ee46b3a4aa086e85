import { type MtlsFetch, mtlsFetch } from '@mcp-mtls/client'
import type { ClientCertificate } from './certificates.js'
import { connectV1, connectV1Sse } from './clients/v1-client.js'
import { connectV2 } from './clients/v2-client.js'

/**
 * SDK v1, and the same over HTTP+SSE of revision 2024-11-05; SDK v2 in its default mode (initialize handshake), pinned to revision 2026-07-28, and
 * probing for it with `server/discover` first.
 */
export type ClientLine = 'v1' | 'v1-sse' | 'v2-legacy' | 'v2-modern' | 'v2-auto'

/** A tool's answer: its text, and whether the server called it an error. */
export interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
}

/** A connected SDK client of any line. Refusals throw the SDK's own error, which carries `code`. */
export interface McpClient {
  listTools(): Promise<string[]>
  callTool(name: string, args?: Readonly<Record<string, unknown>>): Promise<ToolAnswer>
  listPrompts(): Promise<string[]>
  getPrompt(name: string): Promise<string>
  listResources(): Promise<string[]>
  listResourceTemplates(): Promise<string[]>
  readResource(uri: string): Promise<string>
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly certificate: ClientCertificate
  readonly line: ClientLine
  /** An access token to send with every request. */
  readonly token?: string
}

/** Connects a real SDK client over mutual TLS. */
export async function connect(url: string, options: ConnectOptions): Promise<McpClient> {
  const fetch = withToken(mtlsFetch(options.certificate), options.token)
  try {
    const client = await connectLine(options.line, new URL(url), fetch)
    return { ...client, close: () => client.close().finally(() => fetch.close()) }
  } catch (error) {
    await fetch.close()
    throw error
  }
}

function connectLine(line: ClientLine, url: URL, fetch: MtlsFetch): Promise<McpClient> {
  if (line === 'v1') return connectV1(url, fetch)
  return line === 'v1-sse' ? connectV1Sse(url, fetch) : connectV2(url, { fetch, line })
}

function withToken(fetch: MtlsFetch, token: string | undefined): MtlsFetch {
  if (token === undefined) return fetch
  const send = (url: string | URL, init?: RequestInit) => {
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${token}`)
    return fetch(url, { ...init, headers })
  }
  return Object.assign(send, { close: fetch.close })
}
