import type { Operation } from '../mcp/operation.js'
import type { Message } from '../mcp/read-operations.js'
import { decide } from '../policy/decide.js'
import type { Decision } from '../policy/decision.js'
import type { Policy } from '../policy/policy.js'
import type { Principal } from '../policy/principal.js'

/** The application's own `authorize` did not agree with an allow. */
interface SecondOpinion {
  readonly effect: 'deny'
  readonly reason: 'second-opinion'
}

/** An operation with the answer to it. */
export interface Decided {
  /** The method of the message that asks, or the HTTP method where there is no message. */
  readonly method: string
  readonly operation: Operation
  readonly decision: Decision | SecondOpinion
}

/**
 * What becomes of one JSON-RPC message. `unknown`: its method does not exist in its era, and the policy
 * does not open it to the principal. `foreign`: it names a task that is not the caller's.
 */
export interface Verdict {
  readonly effect: 'allow' | 'deny' | 'unknown' | 'foreign'
  readonly message: Message
  /** Every operation of the message with its decision; empty if unknown or foreign. */
  readonly decisions: readonly Decided[]
}

/** The one request that is narrowed to what is permitted, as its protocol foresees, and not denied as a whole. */
export function isListen(message: Message): boolean {
  return message.kind === 'request' && message.known && message.method === 'subscriptions/listen'
}

/**
 * Judges a message: allowed if the policy allows every operation it asks for. A method that is not
 * known and not allowed stays unknown, so nobody learns which methods other roles may use.
 */
export function judge(policy: Policy, principal: Principal, message: Message): Verdict {
  const method = message.kind === 'response' ? 'response' : message.method
  const decisions = operationsOf(message).map((operation) => ({
    method,
    operation,
    decision: decide(policy, principal, operation),
  }))
  if (decisions.length > 0 && decisions.every(isAllowed)) {
    return { effect: 'allow', message, decisions }
  }
  if (!message.known && !decisions.some(opensMethod)) {
    return { effect: 'unknown', message, decisions: [] }
  }
  return decisions.some(isForeign)
    ? { effect: 'foreign', message, decisions: [] }
    : { effect: 'deny', message, decisions }
}

function operationsOf(message: Message): readonly Operation[] {
  return isListen(message)
    ? [{ kind: 'lifecycle', method: 'subscriptions/listen' }]
    : message.operations
}

function isAllowed({ decision }: Decided): boolean {
  return decision.effect === 'allow'
}

function opensMethod(decided: Decided): boolean {
  return decided.operation.kind === 'method' && isAllowed(decided)
}

/** What is left as a task was not the caller's: its tool would stand in its place. */
function isForeign({ operation }: Decided): boolean {
  return operation.kind === 'task'
}
