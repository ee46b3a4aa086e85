import { closeConnection } from './connection.js'
import type { GuardContext } from './context.js'
import type { Streams } from './streams.js'

/** How often open connections and streams are asked whether their credentials still hold. */
const interval = 500

/** Looks after what is open, so that nothing outlives its certificate, its authority or its token by more than a second. */
export interface Vigil {
  /** Asks at once: something was revoked or replaced. */
  look(): void
  close(): void
}

/**
 * Ends streams whose credentials no longer hold, an error for each open request first, and closes the
 * connections of such peers, also those on which nothing is going on.
 */
export function createVigil(
  { connections, tokens, logger }: Pick<GuardContext, 'connections' | 'tokens' | 'logger'>,
  streams: Pick<Streams, 'verify'>,
): Vigil {
  const look = (): void => {
    for (const error of streams.verify()) {
      logger.error({ err: error }, 'mcp-mtls: the end of a stream could not be recorded')
    }
    // Where the certificate is no credential, its end is not the connection's.
    if (tokens?.require === 'token') return
    for (const connection of connections.lapsed()) closeConnection(connection)
  }
  const timer = setInterval(look, interval)
  timer.unref()
  return Object.freeze({ look, close: () => clearInterval(timer) })
}
