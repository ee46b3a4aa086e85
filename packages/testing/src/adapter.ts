import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GuardOptions, TlsSource } from '@mcp-mtls/core'

/** An MCP endpoint as both SDK lines offer it to Node: the third argument is the parsed body. */
export type NodeMcpHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  body?: unknown,
) => Promise<void>

/** What an adapter needs in order to serve one guarded endpoint. */
export interface AdapterSetup {
  readonly tls: TlsSource
  readonly options: Omit<GuardOptions, 'tls'>
  readonly handle: NodeMcpHandler
  /** Serve HTTP/2 (with HTTP/1.1 beside it) instead of HTTP/1.1 alone. */
  readonly http2?: boolean
}

/** A listening server; `url` names the guarded endpoint. */
export interface RunningAdapter {
  readonly url: string
  /** Closes server and guard; resolves although clients hold streams open. */
  close(): Promise<void>
}

export type StartAdapter = (setup: AdapterSetup) => Promise<RunningAdapter>
