import type { ServerResponse } from 'node:http'
import type { Interception } from '../http/intercept-response.js'

/** The responses a guard has let through and that have not ended yet. */
export interface Streams {
  /** `review` ends the response if the policy in force no longer carries it. */
  add(res: ServerResponse, interception: Interception, review?: () => void): void
  /** Gives up one response, wherever its writer left it. */
  fail(res: ServerResponse): void
  /** Reviews every open response, since the policy has changed; returns what reviews threw. */
  review(): readonly unknown[]
  /** Gives every open response up: an error for each request that waits on it, then its end. */
  end(): void
}

/** Keeps track of open responses, so that closing a guard leaves no stream behind. */
export function createStreams(): Streams {
  const open = new Map<ServerResponse, Interception>()
  const reviews = new Map<ServerResponse, () => void>()
  return Object.freeze({
    add(res: ServerResponse, interception: Interception, review?: () => void): void {
      open.set(res, interception)
      if (review !== undefined) reviews.set(res, review)
      res.once('close', () => {
        open.delete(res)
        reviews.delete(res)
      })
    },
    fail(res: ServerResponse): void {
      open.get(res)?.fail()
    },
    review(): readonly unknown[] {
      return [...reviews.values()].flatMap((review) => {
        try {
          review()
          return []
        } catch (error) {
          return [error]
        }
      })
    },
    end(): void {
      for (const interception of open.values()) interception.fail()
      open.clear()
      reviews.clear()
    },
  })
}
