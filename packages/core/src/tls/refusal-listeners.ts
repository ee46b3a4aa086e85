import { ConfigurationError } from '../errors.js'
import type { HandshakeRefusal } from './handshake-refusal.js'

/** Told of each refused handshake. */
export type RefusalListener = (refusal: HandshakeRefusal) => void

/** Who is told of refused handshakes. */
export interface RefusalListeners {
  /** Adds a listener; the answer takes it away again. */
  readonly add: (event: 'refused', listener: RefusalListener) => () => void
  readonly emit: RefusalListener
  readonly clear: () => void
}

/** Creates an empty list of listeners. `add` throws a ConfigurationError for an event of another name. */
export function createRefusalListeners(): RefusalListeners {
  const entries = new Set<{ readonly call: RefusalListener }>()
  return Object.freeze({
    add: (event: unknown, call: RefusalListener) => {
      if (event !== 'refused')
        throw new ConfigurationError('TLS source: the only event is "refused".')
      if (typeof call !== 'function')
        throw new ConfigurationError('TLS source: "refused" needs a function.')
      const entry = { call }
      entries.add(entry)
      return () => {
        entries.delete(entry)
      }
    },
    emit: (refusal: HandshakeRefusal) => {
      for (const { call } of entries) callSafely(call, refusal)
    },
    clear: () => {
      entries.clear()
    },
  })
}

/** A handshake, which any stranger can start, must not end the process through a listener's bug. */
function callSafely(call: RefusalListener, refusal: HandshakeRefusal): void {
  try {
    call(refusal)
  } catch (error) {
    process.emitWarning(`A listener of "refused" threw: ${String(error)}`, 'MtlsWarning')
  }
}
