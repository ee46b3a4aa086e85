import { closeConnection } from './connection.js'
import type { GuardContext } from './context.js'
import type { Streams } from './streams.js'

/** How often open connections and streams are asked whether their credentials still hold. */
const interval = 500
/** Milliseconds after which others have their turn: to verify a chain anew costs half of one, and there may be 50,000. */
const turn = 20

/** Looks after what is open, so that nothing outlives its certificate, its authority or its token by more than a second and one round. */
export interface Vigil {
  /** Asks at once: something was revoked or replaced. Where much is open, not all of it before this returns. */
  look(): void
  close(): void
}

/**
 * Ends streams whose credentials no longer hold, an error for each open request first, and closes the
 * connections of such peers, also those on which nothing is going on.
 */
export function createVigil(context: Watched, streams: Pick<Streams, 'verify'>): Vigil {
  let round: Iterator<void> | undefined
  let following: NodeJS.Immediate | undefined

  const goOn = (): void => {
    const end = performance.now() + turn
    while (round !== undefined) {
      if (round.next().done) round = undefined
      else if (performance.now() >= end) {
        following = setImmediate(goOn)
        return
      }
    }
  }
  const look = (): void => {
    clearImmediate(following)
    round = goRound(context, streams)
    goOn()
  }
  const timer = setInterval(() => {
    if (round === undefined) look()
  }, interval)
  timer.unref()
  return Object.freeze({
    look,
    close: () => {
      clearInterval(timer)
      clearImmediate(following)
      round = undefined
    },
  })
}

type Watched = Pick<GuardContext, 'connections' | 'tokens' | 'logger'>

/** Asks everything that is open, one at a step. */
function* goRound(
  { connections, tokens, logger }: Watched,
  streams: Pick<Streams, 'verify'>,
): Generator<void> {
  for (const error of streams.verify()) {
    const what = 'mcp-mtls: the end of a stream could not be recorded'
    yield error === undefined ? undefined : logger.error({ err: error }, what)
  }
  // Where the certificate is no credential, its end is not the connection's.
  if (tokens?.require === 'token') return
  for (const connection of connections.lapsed()) {
    yield connection && closeConnection(connection)
  }
}
