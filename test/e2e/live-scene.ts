import type { AuditEvent } from '@mcp-mtls/core'
import {
  type ClientCertificate,
  createMcpFixture,
  createV1Stateful,
  legacyPost,
  message,
  modernPost,
  type NodeMcpHandler,
  toolCall,
} from '@mcp-mtls/testing'
import { onTestFinished } from 'vitest'
import { startExpress, startFastify, startNode } from './adapters.js'
import { connectLive, type LiveClient, type LiveStream } from './live-client.js'
import type { LiveWorld } from './live-world.js'
import { openServer, type ServerSetup } from './open-server.js'

/** The servers on which everything that lives is tried. */
export const liveServers = [
  ['plain Node', { start: startNode, http2: false }],
  ['plain Node over HTTP/2', { start: startNode, http2: true }],
  ['Fastify', { start: startFastify, http2: false }],
  ['Express', { start: startExpress, http2: false }],
] as const

export type LiveServer = (typeof liveServers)[number][1]

/** A server of a world that serves what belongs to a session, what does not, and the modern revision. */
export interface LiveScene {
  readonly url: string
  readonly events: readonly AuditEvent[]
  connect(certificate: ClientCertificate): LiveClient
  /** Lets calls of tools in sessions wait from now on; what it returns lets them go. */
  stall(): () => void
}

export async function openScene(
  world: LiveWorld,
  server: LiveServer,
  options: Partial<ServerSetup['options']> = {},
): Promise<LiveScene> {
  const sessions = createV1Stateful('SSE')
  const stateless = createMcpFixture('v1 stateless', 'JSON')
  const modern = createMcpFixture('v2 handler', 'SSE')
  const handle: NodeMcpHandler = (req, res, body) => {
    if (req.headers['mcp-protocol-version'] === '2026-07-28') return modern.handle(req, res, body)
    const isSession = req.headers['mcp-session-id'] !== undefined || isInitialize(body)
    return (isSession ? sessions : stateless).handle(req, res, body)
  }
  const { url, events } = await openServer({
    files: world.files,
    options: { policy: world.policy, ...options },
    handle,
    ...server,
  })
  onTestFinished(async () => {
    for (const fixture of [sessions, stateless, modern]) await fixture.close()
  })
  return {
    url,
    events,
    stall: () => sessions.gate.hold('tools/call'),
    connect(certificate) {
      const client = connectLive(url, certificate, server.http2)
      onTestFinished(() => client.close())
      return client
    },
  }
}

/** What a caller can hold open. */
export interface OpenStreams {
  readonly get: LiveStream
  /** Over HTTP/1.1 and HTTP/2 alike an event stream on which the answer to request 7 is awaited. */
  readonly post: LiveStream
  /** The same of request 8, a `subscriptions/listen`. */
  readonly listen: LiveStream
}

/** Opens one of each; calls of tools have to be stalled. */
export async function openStreams(client: LiveClient, uri: string): Promise<OpenStreams> {
  const session = await openSession(client)
  const get = await client.open({ headers: { accept: 'text/event-stream', ...session } })
  const post = await client.open({
    method: 'POST',
    ...legacyPost(toolCall('search', {}, 7), session),
  })
  const subscribe = message(
    'subscriptions/listen',
    { notifications: { resourceSubscriptions: [uri] } },
    8,
  )
  const listen = await client.open({ method: 'POST', ...modernPost(subscribe) })
  return { get, post, listen }
}

async function openSession(client: LiveClient) {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'live', version: '1.0.0' },
  }
  const answer = await client.send(legacyPost(message('initialize', params, 1)))
  const id = answer.headers['mcp-session-id']
  if (typeof id !== 'string') throw new Error(`no session: ${answer.status} ${answer.body}`)
  return { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
}

function isInitialize(body: unknown): boolean {
  return (
    typeof body === 'object' && body !== null && 'method' in body && body.method === 'initialize'
  )
}
