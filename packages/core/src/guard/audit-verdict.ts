import type { Message } from '../mcp/read-operations.js'
import { explainDenial } from '../policy/explain.js'
import type { Call, GuardContext } from './context.js'
import type { Decided } from './judge.js'

/** One event for one decision; a denial's says which line of the policy would allow it. */
export function auditDecision(
  { audit, settings }: GuardContext,
  call: Call,
  { method, operation, decision }: Decided,
): void {
  const { req, principal } = call
  const denied = decision.effect !== 'allow'
  audit({
    type: 'decision',
    effect: denied && settings.observing ? 'would-deny' : decision.effect,
    principal,
    remoteAddress: req.socket.remoteAddress,
    method,
    operation,
    rule: 'rule' in decision ? decision.rule : undefined,
    reason: denied ? reasonOf(decision) : undefined,
    hint: denied ? explain(call, { method, operation, decision }) : undefined,
  })
}

function reasonOf(decision: Exclude<Decided['decision'], { effect: 'allow' }>): string {
  if (decision.effect === 'deny') return decision.reason
  return decision.wants === 'token' ? 'token-required' : 'insufficient-scope'
}

function explain({ policy, principal }: Call, { operation, decision }: Decided): string {
  return decision.effect === 'deny' && decision.reason === 'second-opinion'
    ? 'the policy allows it; the option `authorize` did not answer true within two seconds'
    : explainDenial(policy, principal, operation)
}

/** A method that does not exist, and that the policy does not open: the hint says what would. */
export function auditUnknown({ audit }: GuardContext, call: Call, message: Message): void {
  const { req, principal, policy } = call
  const [operation] = message.operations
  audit({
    type: 'protocol',
    effect: 'deny',
    principal,
    remoteAddress: req.socket.remoteAddress,
    method: message.kind === 'response' ? undefined : message.method,
    reason: 'unknown method',
    hint: operation && explainDenial(policy, principal, operation),
  })
}

/** A task that is not this caller's: another's, an unknown one and one whose seal is broken alike. */
export function auditForeign({ audit }: GuardContext, call: Call, message: Message): void {
  const { req, principal } = call
  audit({
    type: 'protocol',
    effect: 'deny',
    principal,
    remoteAddress: req.socket.remoteAddress,
    method: message.kind === 'response' ? undefined : message.method,
    operation: message.operations.find(({ kind }) => kind === 'task'),
    reason: 'no task of this caller',
  })
}
