import type { ServerResponse } from 'node:http'
import type { Interception } from '../http/intercept-response.js'
import type { Tenure } from './tenure.js'

/** The responses a guard has let through and that have not ended yet. */
export interface Streams {
  /** Holds a response until it ends; `tenure` says then whether it may go on. */
  add(res: ServerResponse, interception: Interception, tenure: () => Tenure): void
  /** Gives up one response, wherever its writer left it. */
  fail(res: ServerResponse): void
  /** Ends what the policy no longer carries, since it has changed; returns what that threw. */
  review(): readonly unknown[]
  /** Asks every response, one at a step, and ends what was asked for with credentials that no longer hold: what that threw. */
  verify(): Iterable<unknown>
  /** Gives every open response up: an error for each request that waits on it, then its end. */
  end(): void
}

interface Held {
  readonly res: ServerResponse
  readonly interception: Interception
  readonly tenure: () => Tenure
  /** Where it stands among the open ones. */
  place: number
}

/** Keeps track of open responses, so that nothing outlives what it rests on. */
export function createStreams(): Streams {
  // No map: each time one with an entry for every request grows anew, it leaves a table behind that knows the next
  // one. Once such a table is old, the collector keeps all that came after it, and with it every response.
  const open: Held[] = []
  const isOpen = (held: Held): boolean => open[held.place] === held
  const drop = (held: Held): void => {
    if (!isOpen(held)) return
    const last = open.pop()
    if (last === undefined || last === held) return
    last.place = held.place
    open[held.place] = last
  }
  function ask({ interception, tenure }: Held, question: 'review' | 'verify'): unknown {
    try {
      tenure()[question](interception.fail)
      return undefined
    } catch (error) {
      return error
    }
  }
  return Object.freeze({
    add(res: ServerResponse, interception: Interception, tenure: () => Tenure): void {
      const held = { res, interception, tenure, place: open.length }
      open.push(held)
      res.on('close', () => drop(held))
    },
    fail(res: ServerResponse): void {
      open.find((held) => held.res === res)?.interception.fail()
    },
    review: () => [...open].flatMap((held) => ask(held, 'review') ?? []),
    *verify(): Generator<unknown> {
      // Of a copy: between two steps others close, and the last takes the place of each.
      for (const held of [...open]) if (isOpen(held)) yield ask(held, 'verify')
    },
    end(): void {
      for (const { interception } of open.splice(0)) interception.fail()
    },
  })
}
