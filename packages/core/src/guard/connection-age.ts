import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Connection, connectionOf } from './connection.js'

/** Lets no connection grow older than it may: its peer comes back on a new one, through a new handshake. */
export interface ConnectionAge {
  /** Told of every request, before it is judged. */
  note(req: IncomingMessage, res: ServerResponse): void
  /** Whether the connection of a request has reached its age, and what it holds open has to end. */
  isOver(req: IncomingMessage): boolean
}

/**
 * Limits the age of connections, in seconds since their first request. No request is lost: over HTTP/1 the
 * next answer says `Connection: close`, over HTTP/2 the session takes no more streams and ends with the
 * last of them.
 */
export function createConnectionAge(seconds: number | undefined): ConnectionAge {
  if (seconds === undefined) return Object.freeze({ note: () => undefined, isOver: () => false })
  const known = new WeakSet<Connection>()
  const over = new WeakSet<Connection>()
  return Object.freeze({
    note(req: IncomingMessage, res: ServerResponse): void {
      const connection = connectionOf(req)
      if (over.has(connection)) res.shouldKeepAlive = false
      if (known.has(connection)) return
      known.add(connection)
      const timer = setTimeout(() => {
        over.add(connection)
        connection.close?.()
      }, seconds * 1_000)
      timer.unref()
      connection.once('close', () => clearTimeout(timer))
    },
    isOver: (req: IncomingMessage) => over.has(connectionOf(req)),
  })
}
