import type { Call } from '@mcp-mtls/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PathClaim } from './paths.js'

/** What the guard's steps know of a request, from one hook to the next. */
export interface RequestCalls {
  readonly isGuarded: (request: FastifyRequest) => boolean
  /** Notes what a step came to; undefined means that the guard has answered. */
  readonly keep: (request: FastifyRequest, reply: FastifyReply, call: Call | undefined) => void
  /**
   * What the step before came to; undefined for a route that is not guarded.
   *
   * @throws {Error} if the step before did not run
   */
  readonly callOf: (request: FastifyRequest) => Call | undefined
}

/** Keeps calls on the requests themselves: a weak map with an entry for every request costs the collector more than the guard costs. */
export function createRequestCalls(covers: PathClaim['covers']): RequestCalls {
  const slot = Symbol('mcp-mtls call')
  type Slotted = FastifyRequest & { [slot]?: Call }
  const isGuarded = ({ routeOptions }: FastifyRequest): boolean => covers(routeOptions.url)
  return Object.freeze({
    isGuarded,
    keep(request: Slotted, reply: FastifyReply, call: Call | undefined): void {
      if (call === undefined) reply.hijack()
      else request[slot] = call
    },
    callOf(request: Slotted): Call | undefined {
      const call = request[slot]
      if (call !== undefined || !isGuarded(request)) return call
      throw new Error('mcpMtls: an earlier step of the guard did not run')
    },
  })
}
