import { createHmac, randomBytes } from 'node:crypto'

/** Nonces of the server for proofs (RFC 9449 section 9): made from the clock and a secret, never stored. */
export interface Nonces {
  /** What a proof made now should carry. */
  readonly current: () => string
  /** Whether a proof's nonce is the current one or the one before. */
  readonly isFresh: (nonce: unknown) => boolean
}

const period = 180_000

/**
 * Creates the nonces of one resource. A nonce is good for three to six minutes. The first secret makes
 * them, all are accepted; without secrets one is drawn, and no other process knows the nonces.
 */
export function createNonces({
  secrets,
  resource,
  now,
}: {
  readonly secrets: readonly string[] | undefined
  readonly resource: string
  readonly now: () => number
}): Nonces {
  const keys = secrets?.length ? secrets : [randomBytes(32).toString('base64url')]
  const make = (turn: number): readonly string[] =>
    keys.map((key) =>
      createHmac('sha256', key)
        .update(`mcp-mtls dpop nonce\0${resource}\0${turn}`)
        .digest('base64url'),
    )
  const take = (turn: number) => ({ turn, issued: make(turn), before: make(turn - 1) })
  let known = take(turnOf(now()))
  const renew = () => {
    const turn = turnOf(now())
    if (turn !== known.turn) known = take(turn)
    return known
  }
  return Object.freeze({
    current: () => renew().issued[0] ?? '',
    isFresh: (nonce: unknown) => {
      const { issued, before } = renew()
      return typeof nonce === 'string' && (issued.includes(nonce) || before.includes(nonce))
    },
  })
}

function turnOf(time: number): number {
  return Math.floor(time / period)
}
