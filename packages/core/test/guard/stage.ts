import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { CertificateAuthority, CertificateRequest } from '@mcp-mtls/authority'
import { onTestFinished } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.js'
import type { Logger } from '../../src/audit/sinks.js'
import { createGuard, type Guard } from '../../src/guard/create-guard.js'
import type { GuardOptions } from '../../src/guard/options.js'
import { definePolicy } from '../../src/policy/define.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { type CertificateFiles, createCertificateFiles } from '../tls/certificate-files.js'

export const spiffeId = 'spiffe://acme.test/agents/reader'

/** Whoever has a certificate of `default` with the reader's SPIFFE ID may search. */
export const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'], deny: { tools: ['purge'] } } },
  assignments: [{ spiffe: spiffeId, roles: ['reader'] }],
})

export interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: object
  readonly message: string
}

/** A logger that keeps what it is told. */
export function createLog(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = []
  const write = (level: Line['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message })
  }
  return { lines, info: write('info'), warn: write('warn'), error: write('error') }
}

/** A guard behind a listening server, and what it recorded. */
export interface Scene {
  readonly guard: Guard
  readonly port: number
  readonly files: CertificateFiles
  readonly tls: TlsSource
  readonly events: AuditEvent[]
  readonly log: ReturnType<typeof createLog>
  /** Bodies of the requests that reached the handler. */
  readonly reached: unknown[]
}

export interface SceneOptions extends Partial<Omit<GuardOptions, 'tls'>> {
  /** Absent: a source of the scene's own files. */
  readonly tls?: (files: CertificateFiles) => Promise<TlsSource>
  /** Absent: the source's. */
  readonly server?: (
    listener: Parameters<TlsSource['createServer']>[0],
    scene: Pick<Scene, 'files' | 'tls'>,
  ) => Server
  /** Guard without a source, on a server of the source all the same. */
  readonly ownTls?: boolean
  /** What the handler answers; default: an empty result. */
  readonly answer?: string
  /** The content type of that; default: JSON. */
  readonly answerType?: string
}

const emptyResult = JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} })

/** Serves a handler behind a guard until the test ends. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const { tls: makeTls, server: makeServer, ownTls = false, answer, answerType, ...given } = options
  const files = await createCertificateFiles()
  const tls = await (makeTls?.(files) ?? tlsFromFiles(files.options))
  const events: AuditEvent[] = []
  const log = createLog()
  const reached: unknown[] = []
  const guard = createGuard({
    policy,
    logger: log,
    audit: (event) => void events.push(event),
    ...given,
    ...(!ownTls && { tls }),
  })
  const listener = guard.protect((_req, res, body) => {
    reached.push(body)
    res.setHeader('content-type', answerType ?? 'application/json')
    res.end(answer ?? emptyResult)
  })
  const server = makeServer?.(listener, { files, tls }) ?? tls.createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await guard.close()
    await tls.close()
  })
  return { guard, port: (server.address() as AddressInfo).port, files, tls, events, log, reached }
}

/** A server with TLS of its own, which verifies clients against the CA of the scene. */
export function createOwnServer(
  listener: Parameters<TlsSource['createServer']>[0],
  { tls }: Pick<Scene, 'tls'>,
): Server {
  return createServer({ ...tls.options }, listener)
}

export interface Sent {
  /** Names of the client's certificate; default: the reader. */
  readonly certificate?: Partial<CertificateRequest>
  readonly issuer?: CertificateAuthority
  readonly method?: string
  readonly path?: string
  readonly headers?: OutgoingHttpHeaders
  /** Default: a call of `search`. */
  readonly body?: unknown
}

export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly json: unknown
}

/** A call of a tool as it goes on the wire. */
export function callTool(name: string, id: unknown = 1) {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } }
}

/** Sends one request over a connection of its own. */
export async function send({ port, files }: Scene, sent: Sent = {}): Promise<Received> {
  const { certificate = { uri: [spiffeId] }, issuer = files.ca, method = 'POST', path = '/' } = sent
  const issued = await issuer.issue({ usage: 'client', ...certificate })
  const outgoing = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    method,
    path,
    agent: false,
    cert: issued.chain,
    key: issued.key,
    ca: files.ca.certificate,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...sent.headers,
    },
  })
  const body = sent.body ?? callTool('search')
  outgoing.end(typeof body === 'string' ? body : JSON.stringify(body))
  const [response] = await once(outgoing, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  const { date: _, ...headers } = response.headers
  return { status: response.statusCode, headers, text, json: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
