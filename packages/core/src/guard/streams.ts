import type { ServerResponse } from 'node:http'
import type { Interception } from '../http/intercept-response.js'

/** The responses a guard has let through and that have not ended yet. */
export interface Streams {
  add(res: ServerResponse, interception: Interception): void
  /** Gives up one response, wherever its writer left it. */
  fail(res: ServerResponse): void
  /** Gives every open response up: an error for each request that waits on it, then its end. */
  end(): void
}

/** Keeps track of open responses, so that closing a guard leaves no stream behind. */
export function createStreams(): Streams {
  const open = new Map<ServerResponse, Interception>()
  return Object.freeze({
    add(res: ServerResponse, interception: Interception): void {
      open.set(res, interception)
      res.once('close', () => open.delete(res))
    },
    fail(res: ServerResponse): void {
      open.get(res)?.fail()
    },
    end(): void {
      for (const interception of open.values()) interception.fail()
      open.clear()
    },
  })
}
