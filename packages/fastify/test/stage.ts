import type { AddressInfo } from 'node:net'
import { type AuditEvent, type Principal, tlsFromFiles } from '@mcp-mtls/core'
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
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { McpMtlsOptions } from '../src/index.js'

type AppSettings = Omit<FastifyServerOptions, 'serverFactory'>

/** What a handler was given: one entry for each time it ran. */
export interface Reached {
  readonly principal: Principal | null
  readonly body: unknown
}

/** An application that is still being put together. */
export interface Draft {
  readonly app: FastifyInstance
  readonly options: Pick<McpMtlsOptions, 'tls' | 'policy' | 'audit' | 'logger'>
  readonly events: AuditEvent[]
  readonly reached: Reached[]
  /** A handler that answers every message, in the manner of an MCP server. */
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => void
  /** Starts the application; it is closed when the test ends. */
  listen(): Promise<Running>
}

export interface Running {
  /** Sends one request; by default the reader calls `search`. */
  send(
    path: string,
    request?: Partial<Omit<RawRequest, 'certificate'>>,
    who?: ClientName,
  ): Promise<RawResponse>
  /** Sends a POST with the request target exactly as written. */
  sendTarget(target: string, who?: ClientName, host?: string): Promise<string>
}

export interface Stage {
  readonly certificates: TestCertificates
  readonly policy: string
  draft(settings?: AppSettings): Promise<Draft>
}

/** A logger that says nothing. */
export const silent = { info() {}, warn() {}, error() {} }

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
    draft: (settings) => createDraft(get(), settings),
  }
}

async function createDraft(
  { certificates, policy }: { certificates: TestCertificates; policy: string },
  settings: AppSettings = {},
): Promise<Draft> {
  const tls = await tlsFromFiles(certificates.files)
  const app: FastifyInstance = Fastify({ ...settings, serverFactory: tls.createServer })
  onTestFinished(async () => {
    await app.close()
    await tls.close()
  })
  const events: AuditEvent[] = []
  const reached: Reached[] = []
  return {
    app,
    events,
    reached,
    options: { tls, policy, logger: silent, audit: (event) => void events.push(event) },
    handler: createHandler(reached),
    async listen() {
      await app.listen({ port: 0, host: 'localhost' })
      return toRunning((app.server.address() as AddressInfo).port, certificates)
    },
  }
}

export function toRunning(port: number, certificates: TestCertificates): Running {
  const origin = `https://localhost:${port}`
  return {
    send: (path, request = {}, who = 'reader') =>
      rawRequest(`${origin}${path}`, {
        certificate: certificates.clients[who],
        ...(request.method === undefined && legacyPost(toolCall('search'))),
        ...request,
      }),
    sendTarget(target, who = 'reader', host = 'localhost') {
      const { headers, body } = legacyPost(toolCall('search'))
      const head = { ...headers, connection: 'close', 'content-length': body.length }
      const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`)
      const bytes = [`POST ${target} HTTP/1.1`, `host: ${host}`, ...lines, '', body].join('\r\n')
      return rawExchange(origin, { certificate: certificates.clients[who], bytes })
    },
  }
}

export function createHandler(reached: Reached[]): Draft['handler'] {
  return ({ principal, body }, reply) => {
    reached.push({ principal, body })
    const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null
    void reply.send({ jsonrpc: '2.0', id, result: { content: [] } })
  }
}

/** A child plugin of Fastify. */
export function plugin(build: (child: FastifyInstance) => unknown): FastifyPluginAsync {
  return async (child) => {
    await build(child)
  }
}
