import { RequestError, TokenError } from '../errors.js'
import { INTERNAL_ERROR } from '../mcp/json-rpc-error.js'

/** The proofs that were taken, for as long as each could be taken again. */
export interface ReplayMemory {
  /**
   * Remembers a proof of one key until a time.
   *
   * @throws {TokenError} `proof` if it is remembered already
   * @throws {RequestError} 503 if there is no room, or the key has its share: nothing is forgotten early
   */
  readonly remember: (id: string, until: number, key: string) => void
}

interface Proof {
  readonly until: number
  readonly key: string
}

// Whoever holds one token can make proofs without end: one key must not fill what all others need.
const keysWhenFull = 4

/**
 * Creates a memory of bounded size, of which one key may fill a quarter. What is past its time leaves from
 * the oldest on, a few steps at each call, and stays a little longer behind one that is not: a proof seen
 * is then refused for longer, never for less.
 */
export function createReplayMemory({
  capacity,
  now,
}: {
  readonly capacity: number
  readonly now: () => number
}): ReplayMemory {
  const seen = new Map<string, Proof>()
  const held = new Map<string, number>()
  const count = (key: string, change: 1 | -1) => {
    const proofs = (held.get(key) ?? 0) + change
    if (proofs === 0) held.delete(key)
    else held.set(key, proofs)
  }
  const forget = () => {
    const time = now()
    for (const [id, { until, key }] of seen) {
      if (until >= time) return
      seen.delete(id)
      count(key, -1)
    }
  }
  return Object.freeze({
    remember: (id: string, until: number, key: string) => {
      forget()
      if (seen.has(id)) throw new TokenError('proof', 'the DPoP proof was used before')
      if (seen.size >= capacity || (held.get(key) ?? 0) >= capacity / keysWhenFull) {
        throw new RequestError(503, INTERNAL_ERROR, 'no room to remember another DPoP proof')
      }
      seen.set(id, { until, key })
      count(key, 1)
    },
  })
}
