import type { Operation } from '../mcp/operation.js'
import type { Message } from '../mcp/read-operations.js'
import { decide } from '../policy/decide.js'
import type { Decision } from '../policy/decision.js'
import type { Policy } from '../policy/policy.js'
import type { Principal } from '../policy/principal.js'

/** An operation with the policy's answer to it. */
export interface Decided {
  /** The method of the message that asks, or the HTTP method where there is no message. */
  readonly method: string
  readonly operation: Operation
  readonly decision: Decision
}

/** What becomes of one JSON-RPC message. `unknown`: its method does not exist in its era. */
export interface Verdict {
  readonly effect: 'allow' | 'deny' | 'unknown'
  readonly message: Message
  /** Every operation of the message with its decision; empty if unknown. */
  readonly decisions: readonly Decided[]
}

/** The one request that is narrowed to what is permitted, as its protocol foresees, and not denied as a whole. */
export function isListen(message: Message): boolean {
  return message.kind === 'request' && message.method === 'subscriptions/listen'
}

/** Judges a message: allowed if its method is known and the policy allows every operation it asks for. */
export function judge(policy: Policy, principal: Principal, message: Message): Verdict {
  if (!message.known) return { effect: 'unknown', message, decisions: [] }
  const method = message.kind === 'response' ? 'response' : message.method
  const decisions = operationsOf(message).map((operation) => ({
    method,
    operation,
    decision: decide(policy, principal, operation),
  }))
  const allowed = decisions.length > 0 && decisions.every(isAllowed)
  return { effect: allowed ? 'allow' : 'deny', message, decisions }
}

function operationsOf(message: Message): readonly Operation[] {
  return isListen(message)
    ? [{ kind: 'lifecycle', method: 'subscriptions/listen' }]
    : message.operations
}

function isAllowed({ decision }: Decided): boolean {
  return decision.effect === 'allow'
}
