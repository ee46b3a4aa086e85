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
  /** Ends what was asked for with credentials that no longer hold; returns what that threw. */
  verify(): readonly unknown[]
  /** Gives every open response up: an error for each request that waits on it, then its end. */
  end(): void
}

interface Held {
  readonly interception: Interception
  readonly tenure: () => Tenure
}

/** Keeps track of open responses, so that nothing outlives what it rests on. */
export function createStreams(): Streams {
  const open = new Map<ServerResponse, Held>()
  const ask = (question: 'review' | 'verify'): readonly unknown[] =>
    [...open.values()].flatMap(({ interception, tenure }) => {
      try {
        tenure()[question](interception.fail)
        return []
      } catch (error) {
        return [error]
      }
    })
  return Object.freeze({
    add(res: ServerResponse, interception: Interception, tenure: () => Tenure): void {
      open.set(res, { interception, tenure })
      res.once('close', () => {
        open.delete(res)
      })
    },
    fail(res: ServerResponse): void {
      open.get(res)?.interception.fail()
    },
    review: () => ask('review'),
    verify: () => ask('verify'),
    end(): void {
      for (const { interception } of open.values()) interception.fail()
      open.clear()
    },
  })
}
