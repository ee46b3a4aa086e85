import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '../errors.js'
import { type Answer, writeAnswer } from '../http/write-answer.js'

/** Where the health listener listens. */
export interface HealthOptions {
  /** Default: the port of the guarded server and 1000 more, where gateways of MCP servers look for it. */
  readonly port?: number
  /** Default `127.0.0.1`: what it says is for this machine, and it asks for no certificate. */
  readonly host?: string
}

/** Answers for probes, which have no certificate. */
export interface Health {
  /** What keeps the server from doing its work; empty if nothing does. */
  problems(): readonly string[]
  /** Answers GET and HEAD of `/health` and `/ready`; false, and nothing is done, for anything else. */
  serve(req: IncomingMessage, res: ServerResponse): boolean
  /**
   * Listens for plain HTTP beside a guarded server that listens already. Every other path is 404.
   *
   * @throws {ConfigurationError} if the server does not listen on a port, or the port cannot be had
   */
  listen(
    beside: { address(): AddressInfo | string | null },
    options?: HealthOptions,
  ): Promise<Server>
  close(): void
}

/** Creates what answers probes: `/health` says that the process answers, `/ready` that callers can be served. */
export function createHealth(problems: () => readonly string[]): Health {
  const servers = new Set<Server>()
  const serve = (req: IncomingMessage, res: ServerResponse): boolean => {
    const answer = toAnswer(req, problems)
    if (answer === undefined) return false
    writeAnswer(res, answer)
    return true
  }
  const close = (): void => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
    servers.clear()
  }
  return Object.freeze({
    problems,
    serve,
    close,
    async listen(
      beside: { address(): AddressInfo | string | null },
      { port, host = '127.0.0.1' }: HealthOptions = {},
    ): Promise<Server> {
      const server = createServer({ connectionsCheckingInterval: 1_000 }, (req, res) => {
        res.shouldKeepAlive = false
        if (!serve(req, res)) writeAnswer(res, { status: 404, headers: {}, body: undefined })
      })
      // One who keeps a connection open, silent or asking again and again, must not keep others out.
      server.headersTimeout = 5_000
      server.requestTimeout = 5_000
      server.maxConnections = 64
      await listenOn(server, port ?? besidePort(beside.address()), host)
      server.unref()
      servers.add(server)
      return server
    },
  })
}

function toAnswer(
  { method, url = '' }: IncomingMessage,
  problems: () => readonly string[],
): Answer | undefined {
  const path = url.replace(/[?#].*$/s, '')
  if (path !== '/health' && path !== '/ready') return undefined
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, headers: { allow: 'GET, HEAD' }, body: undefined }
  }
  if (path === '/health') return { status: 200, headers: {}, body: '{"status":"ok"}' }
  const found = problems()
  const status = found.length === 0 ? 'ready' : 'not ready'
  return {
    status: found.length === 0 ? 200 : 503,
    headers: {},
    body: JSON.stringify({ status, ...(found.length > 0 && { problems: found }) }),
  }
}

function besidePort(address: AddressInfo | string | null): number {
  if (typeof address === 'object' && address !== null) return address.port + 1000
  throw new ConfigurationError(
    'the health listener stands beside a server that listens on a port: call it after listen(), or give `port`',
  )
}

function listenOn(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new ConfigurationError(
          `the health listener cannot listen on ${host}:${port}: give another \`port\``,
          { cause },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}
