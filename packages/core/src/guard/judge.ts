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
 * What becomes of one JSON-RPC message. `challenge`: it would be allowed with a token, or with more scope.
 * `unknown`: its method does not exist in its era, and the policy
 * does not open it to the principal. `foreign`: it names a task that is not the caller's.
 */
export interface Verdict {
  readonly effect: 'allow' | 'challenge' | 'deny' | 'unknown' | 'foreign'
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
  const decisions = decideMessage(policy, principal, message)
  if (decisions.length > 0 && decisions.every(isAllowed)) {
    return { effect: 'allow', message, decisions }
  }
  if (!message.known && !decisions.some(opensMethod)) {
    return { effect: 'unknown', message, decisions: [] }
  }
  if (decisions.some(isForeign)) return { effect: 'foreign', message, decisions: [] }
  const denied = decisions.length === 0 || decisions.some(isDenied)
  return { effect: denied ? 'deny' : 'challenge', message, decisions }
}

/**
 * The decision on one operation. A caller that is told in results of tool calls which token it lacks may
 * come as far as those calls: it may begin, and see what it could call.
 */
export function decideFor(policy: Policy, principal: Principal, operation: Operation): Decision {
  const decision = decide(policy, principal, operation)
  return decision.effect === 'challenge' &&
    operation.kind === 'lifecycle' &&
    principal.challenge === 'tool-result'
    ? { effect: 'allow', rule: decision.rule }
    : decision
}

/** Every operation of a message with its decision. */
export function decideMessage(
  policy: Policy,
  principal: Principal,
  message: Message,
): readonly Decided[] {
  const method = message.kind === 'response' ? 'response' : message.method
  return operationsOf(message).map((operation) => ({
    method,
    operation,
    decision: decideFor(policy, principal, operation),
  }))
}

function operationsOf(message: Message): readonly Operation[] {
  return isListen(message)
    ? [{ kind: 'lifecycle', method: 'subscriptions/listen' }]
    : message.operations
}

function isAllowed({ decision }: Decided): boolean {
  return decision.effect === 'allow'
}

function isDenied({ decision }: Decided): boolean {
  return decision.effect === 'deny'
}

function opensMethod(decided: Decided): boolean {
  return decided.operation.kind === 'method' && !isDenied(decided)
}

/** What is left as a task was not the caller's: its tool would stand in its place. */
function isForeign({ operation }: Decided): boolean {
  return operation.kind === 'task'
}
