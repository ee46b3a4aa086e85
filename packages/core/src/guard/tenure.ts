import { TokenError } from '../errors.js'
import { isJsonObject } from '../mcp/json-object.js'
import type { Operation } from '../mcp/operation.js'
import type { Message } from '../mcp/read-operations.js'
import { readListenUris } from '../mcp/read-target.js'
import { auditDecision } from './audit-verdict.js'
import type { Call, GuardContext } from './context.js'
import { type Decided, decideFor, decideMessage } from './judge.js'
import { createFollower, isLive } from './live-call.js'
import { auditRefusal } from './refuse.js'

/** Whether a call whose response is open may go on: what it rests on can be taken away under it. */
export interface Tenure {
  readonly isRevoked: () => boolean
  /** Ends the call if the policy in force no longer allows what it rests on, and records why. */
  readonly review: (end: () => void) => void
  /** Ends the call if a credential it was made with no longer holds, and records why. */
  readonly verify: (end: () => void) => void
}

/**
 * Watches over a call for as long as its response is open. `messages` are those of its body, judged.
 *
 * @throws {RequestError} 503 if the guard is closed
 */
export function createTenure(
  context: GuardContext,
  call: Call,
  messages: readonly Message[],
): Tenure {
  const follow = createFollower(context, call)
  let reviewed = call
  let revoked = false
  // The guard may have been closed since the call was authenticated: nothing would end the stream then.
  follow()
  const revoke = (record: () => void, end: () => void): void => {
    revoked = true
    try {
      record()
    } finally {
      end()
    }
  }
  return Object.freeze({
    isRevoked: () => revoked,
    review(end: () => void): void {
      const now = follow()
      if (now === reviewed || revoked) return
      reviewed = now
      const decided = context.settings.observing ? undefined : findRevoked(now, messages)
      if (decided !== undefined) revoke(() => auditDecision(context, now, decided), end)
    },
    verify(end: () => void): void {
      if (!revoked && isLive(call) && context.connectionAge.isOver(call.req)) {
        revoked = true
        end()
      }
      const error = revoked ? undefined : findLapsed(context, call)
      if (error !== undefined) revoke(() => auditRefusal(context, call, error), end)
    },
  })
}

/** What a call rests on and the policy no longer allows. */
function findRevoked(call: Call, messages: readonly Message[]): Decided | undefined {
  const decided = isLive(call) ? decideLive(call) : decideMessages(call, messages)
  return decided.find(({ decision }) => decision.effect !== 'allow')
}

/** Of a stream: any role at all, and each resource a listen request was acknowledged with. */
function decideLive({ policy, principal, req, body }: Call): readonly Decided[] {
  const method = req.method === 'GET' ? 'GET' : 'subscriptions/listen'
  const operations: readonly Operation[] = [{ kind: 'lifecycle', method }, ...readUris(body)]
  return operations.map((operation) => ({
    method,
    operation,
    decision: decideFor(policy, principal, operation),
  }))
}

function decideMessages(
  { policy, principal }: Call,
  messages: readonly Message[],
): readonly Decided[] {
  return messages.flatMap((message) => decideMessage(policy, principal, message))
}

function readUris(body: unknown): readonly Operation[] {
  const params = isJsonObject(body) ? body['params'] : undefined
  if (!isJsonObject(params)) return []
  return readListenUris(params).map((uri) => ({ kind: 'resource', uri }))
}

/**
 * The call as it would stand if it began now, after something was waited for: without this a peer could
 * begin calls while it may, and have them take effect long after its token has ended, or its role was
 * taken away.
 *
 * @throws {TokenError} {CertificateError} if a credential no longer holds
 * @throws {RequestError} 503 if the guard is closed
 */
export function renewCall(context: GuardContext, call: Call): Call {
  const lapse = findLapsed(context, call)
  if (lapse !== undefined) throw lapse
  return createFollower(context, call)()
}

/** Why a credential the call was made with no longer holds; undefined if all of them do. */
function findLapsed({ connections }: GuardContext, { req, principal }: Call): unknown {
  const { certificate, token } = principal
  if (token !== undefined && token.expiresAt <= Date.now()) {
    return new TokenError('expired', 'the token has expired since the request began')
  }
  if (certificate === undefined && token?.binding.certificate === undefined) return undefined
  try {
    connections.certificate(req)
    return undefined
  } catch (error) {
    return error
  }
}
