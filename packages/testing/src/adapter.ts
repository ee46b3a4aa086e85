import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GuardOptions, TlsSource } from '@mcp-mtls/core'

/**
 * An MCP endpoint as both SDK lines offer it to Node: the third argument is the parsed body. The
 * fourth is what the framework made of the URL's query.
 */
export type NodeMcpHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  body?: unknown,
  query?: unknown,
) => Promise<void>

/** What an adapter needs in order to serve one guarded handler. */
export interface AdapterSetup {
  readonly tls: TlsSource
  readonly options: Omit<GuardOptions, 'tls'>
  readonly handle: NodeMcpHandler
  /** The routes `handle` is served on, all of one registration; default `/mcp` alone. */
  readonly paths?: readonly string[]
  /** Serve HTTP/2 (with HTTP/1.1 beside it) instead of HTTP/1.1 alone. */
  readonly http2?: boolean
}

/** A listening server; `url` names the first of the guarded routes. */
export interface RunningAdapter {
  readonly url: string
  /** Closes server and guard; resolves although clients hold streams open. */
  close(): Promise<void>
}

export type StartAdapter = (setup: AdapterSetup) => Promise<RunningAdapter>
