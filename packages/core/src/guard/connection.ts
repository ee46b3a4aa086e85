import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'

/** What stands for a connection: the socket, over HTTP/2 the session. */
export interface Connection extends EventEmitter {
  destroy(): unknown
  /** HTTP/1: ends the socket when what was written has left. */
  destroySoon?(): unknown
  /** HTTP/2: takes no more streams, and ends when the open ones have. */
  close?(): unknown
  /** HTTP/2: stands for the TLS socket; what a request has as its socket is nothing once its stream has ended. */
  readonly socket?: unknown
}

// What is written last has to leave first; whoever does not read it is not waited for longer.
const grace = 1_000

/** The connection of a request: over HTTP/2 `req.socket` is a proxy, and the session is not. */
export function connectionOf(
  req: IncomingMessage & { readonly stream?: { readonly session?: Connection } },
): Connection {
  return req.stream?.session ?? req.socket
}

/** Closes a connection after what is on its way out, within a second whatever the peer does. */
export function closeConnection(connection: Connection): void {
  if (connection.close !== undefined) connection.close()
  else connection.destroySoon?.()
  const timer = setTimeout(() => connection.destroy(), grace).unref()
  connection.once('close', () => clearTimeout(timer))
}
