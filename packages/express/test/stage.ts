import { once } from 'node:events'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type AuditEvent, type Principal, type TlsSource, tlsFromFiles } from '@mcp-mtls/core'
import {
  type ClientName,
  createTestCertificates,
  legacyPost,
  type RawRequest,
  type RawResponse,
  rawExchange,
  rawRequest,
  type TestCertificates,
  toolCall,
  writePolicy,
} from '@mcp-mtls/testing'
import express5, { type Express, type RequestHandler } from 'express'
import express4 from 'express-4'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { McpMtlsOptions } from '../src/index.js'

export type ExpressLine = typeof express5

/** Both lines the adapter supports. */
export const lines: readonly { readonly line: string; readonly express: ExpressLine }[] = [
  { line: 'Express 5', express: express5 },
  { line: 'Express 4', express: express4 },
]

/** A logger that says nothing. */
export const silent = { info() {}, warn() {}, error() {} }

/** What a handler was given: one entry for each time it ran. */
interface Reached {
  readonly principal: Principal | undefined
  readonly body: unknown
}

/** An application that is still being put together. */
export interface Draft {
  readonly app: Express
  readonly tls: TlsSource
  readonly options: McpMtlsOptions
  readonly events: AuditEvent[]
  readonly reached: Reached[]
  /** A handler that answers every message, in the manner of an MCP server. */
  readonly handler: RequestHandler
  /** Starts the application; it is closed when the test ends. */
  listen(): Promise<Running>
}

export interface Running {
  readonly server: Server
  readonly url: string
  /** Sends one request; by default the reader calls `search`. */
  send(
    path: string,
    request?: Partial<Omit<RawRequest, 'certificate'>>,
    who?: ClientName,
  ): Promise<RawResponse>
  /** Sends a POST with the request target exactly as written. */
  sendTarget(target: string, who?: ClientName): Promise<string>
}

export interface Stage {
  readonly certificates: TestCertificates
  readonly policy: string
  draft(express: ExpressLine): Promise<Draft>
}

/** Issues certificates for the tests of a file. */
export function createStage(): Stage {
  let prepared: { certificates: TestCertificates; policy: string } | undefined
  const get = () => {
    if (prepared === undefined) throw new Error('the stage is not prepared')
    return prepared
  }
  beforeAll(async () => {
    const certificates = await createTestCertificates()
    prepared = { certificates, policy: await writePolicy(certificates.directory) }
  })
  afterAll(() => get().certificates.remove())
  return {
    get certificates() {
      return get().certificates
    },
    get policy() {
      return get().policy
    },
    draft: (express) => createDraft(get(), express),
  }
}

async function createDraft(
  { certificates, policy }: { certificates: TestCertificates; policy: string },
  express: ExpressLine,
): Promise<Draft> {
  const tls = await tlsFromFiles(certificates.files)
  onTestFinished(() => tls.close())
  const app = express()
  const events: AuditEvent[] = []
  const reached: Reached[] = []
  return {
    app,
    tls,
    events,
    reached,
    options: { tls, policy, logger: silent, audit: (event) => void events.push(event) },
    handler: createHandler(reached),
    listen: () => listen(tls.createServer(app), certificates),
  }
}

/** Listens until the test ends. */
export async function listen(server: Server, certificates: TestCertificates): Promise<Running> {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    server,
    url: `${origin}/mcp`,
    send: (path, request = {}, who = 'reader') =>
      rawRequest(`${origin}${path}`, {
        certificate: certificates.clients[who],
        ...(request.method === undefined && legacyPost(toolCall('search'))),
        ...request,
      }),
    sendTarget(target, who = 'reader') {
      const { headers, body } = legacyPost(toolCall('search'))
      const head = { host: 'localhost', ...headers, connection: 'close' }
      const lines = Object.entries({ ...head, 'content-length': body.length })
      const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      const bytes = `POST ${target} HTTP/1.1\r\n${text}\r\n${body}`
      return rawExchange(origin, { certificate: certificates.clients[who], bytes })
    },
  }
}

function createHandler(reached: Reached[]): RequestHandler {
  return ({ principal, body }, res) => {
    reached.push({ principal, body })
    res.json({ jsonrpc: '2.0', id: body?.id ?? null, result: { content: [] } })
  }
}
