import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { NodeMcpHandler } from '../adapter.js'

/** One open session: the transport's handler and the server's way to speak unasked. */
export interface Session {
  readonly handle: NodeMcpHandler
  notifyResourceUpdated(uri: string): Promise<void>
  /** Default: the client is asked for nothing. */
  askForRoots?(): Promise<readonly string[]>
  close(): Promise<void>
}

/** The options by which a transport of either SDK line reports its session. */
export interface SessionOptions {
  readonly sessionIdGenerator: () => string
  readonly onsessioninitialized: (id: string) => void
  readonly onsessionclosed: (id: string) => void
}

export interface Sessions {
  readonly handle: NodeMcpHandler
  notifyResourceUpdated(uri: string): Promise<void>
  askForRoots(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Routes requests to the session their `Mcp-Session-Id` names and opens one where there is none. */
export function createSessions(open: (options: SessionOptions) => Promise<Session>): Sessions {
  const sessions = new Map<string, Session>()
  return {
    async handle(req, res, body) {
      const id = req.headers['mcp-session-id']
      if (id === undefined) {
        await openSession(sessions, open).then((session) => session.handle(req, res, body))
        return
      }
      const session = sessions.get(String(id))
      if (session === undefined) sendNotFound(res)
      else await session.handle(req, res, body)
    },
    async notifyResourceUpdated(uri) {
      for (const session of sessions.values()) await session.notifyResourceUpdated(uri)
    },
    askForRoots: async () =>
      (
        await Promise.all([...sessions.values()].map((session) => session.askForRoots?.() ?? []))
      ).flat(),
    async close() {
      await Promise.all([...sessions.values()].map((session) => session.close()))
    },
  }
}

async function openSession(
  sessions: Map<string, Session>,
  open: (options: SessionOptions) => Promise<Session>,
): Promise<Session> {
  const session = await open({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => {
      sessions.set(id, session)
    },
    onsessionclosed: (id) => {
      sessions.delete(id)
    },
  })
  return session
}

function sendNotFound(res: ServerResponse): void {
  const error = { code: -32001, message: 'Session not found' }
  res.writeHead(404, { 'content-type': 'application/json' })
  res.end(JSON.stringify({ jsonrpc: '2.0', error, id: null }))
}
