import { RequestError, TokenError } from '../errors.js'
import { INTERNAL_ERROR } from '../mcp/json-rpc-error.js'

/** The proofs that were taken, for as long as each could be taken again. */
export interface ReplayMemory {
  /**
   * Remembers a proof until a time.
   *
   * @throws {TokenError} `proof` if it is remembered already
   * @throws {RequestError} 503 if there is no room: nothing is forgotten early
   */
  readonly remember: (id: string, until: number) => void
}

/**
 * Creates a memory of bounded size. What is past its time leaves from the oldest on, a few steps at each
 * call, and stays a little longer behind one that is not: a proof seen is then refused for longer, never
 * for less.
 */
export function createReplayMemory({
  capacity,
  now,
}: {
  readonly capacity: number
  readonly now: () => number
}): ReplayMemory {
  const seen = new Map<string, number>()
  const forget = () => {
    const time = now()
    for (const [id, until] of seen) {
      if (until >= time) return
      seen.delete(id)
    }
  }
  return Object.freeze({
    remember: (id: string, until: number) => {
      forget()
      if (seen.has(id)) throw new TokenError('proof', 'the DPoP proof was used before')
      if (seen.size >= capacity) {
        throw new RequestError(503, INTERNAL_ERROR, 'no room to remember another DPoP proof')
      }
      seen.set(id, until)
    },
  })
}
