import { isJsonObject } from '../mcp/json-object.js'
import type { Operation } from '../mcp/operation.js'
import { readListenUris } from '../mcp/read-target.js'
import { decide } from '../policy/decide.js'
import { auditDecision } from './audit-verdict.js'
import type { Call, GuardContext } from './context.js'
import type { Decided } from './judge.js'

const listen = 'subscriptions/listen'

/**
 * Whether a call stays open for what is to come: GET and `subscriptions/listen`. What it delivers is
 * judged by the policy of that moment; every other call by the one snapshot it was decided on.
 */
export function isLive({ req, body }: Pick<Call, 'req' | 'body'>): boolean {
  return req.method === 'GET' || (isJsonObject(body) && body['method'] === listen)
}

/** The call as it would stand under the policy in force: another policy, and the roles that one gives. */
export function createFollower(context: GuardContext, call: Call): () => Call {
  let latest = call
  return () => {
    const policy = context.policy()
    if (policy instanceof Promise || policy === latest.policy) return latest
    const principal = context.connections.reassign(call.principal, policy)
    latest = { ...call, policy, principal }
    return latest
  }
}

/** Whether a live call may stay open. */
export interface Tenure {
  readonly isRevoked: () => boolean
  /** Ends the call if the policy in force no longer allows what it rests on, and records why. */
  readonly review: (end: () => void) => void
}

/**
 * Watches over a live call for as long as it is open.
 *
 * @throws {RequestError} 503 if the guard is closed
 */
export function createTenure(context: GuardContext, call: Call): Tenure {
  const follow = createFollower(context, call)
  let reviewed = call
  let revoked = false
  // The guard may have been closed since the call was authenticated: nothing would end the stream then.
  follow()
  return Object.freeze({
    isRevoked: () => revoked,
    review(end: () => void): void {
      const now = follow()
      if (now === reviewed || revoked) return
      reviewed = now
      const decided = findRevoked(context, now)
      if (decided === undefined) return
      revoked = true
      try {
        auditDecision(context, now, decided)
      } finally {
        end()
      }
    },
  })
}

/**
 * What a live call rests on and the policy no longer allows: any role at all, or a resource a listen
 * request was acknowledged with. Undefined while it may go on, as it always may where the guard observes.
 */
function findRevoked({ settings }: GuardContext, call: Call): Decided | undefined {
  if (settings.observing) return undefined
  const { policy, principal, req, body } = call
  const method = req.method === 'GET' ? 'GET' : listen
  const operations: readonly Operation[] = [{ kind: 'lifecycle', method }, ...readUris(body)]
  return operations
    .map((operation) => ({ method, operation, decision: decide(policy, principal, operation) }))
    .find(({ decision }) => decision.effect === 'deny')
}

function readUris(body: unknown): readonly Operation[] {
  const params = isJsonObject(body) ? body['params'] : undefined
  if (!isJsonObject(params)) return []
  return readListenUris(params).map((uri) => ({ kind: 'resource', uri }))
}
