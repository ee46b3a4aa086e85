import type { Message } from '../mcp/read-operations.js'
import { explainDenial } from '../policy/explain.js'
import type { Call, GuardContext } from './context.js'
import type { Decided } from './judge.js'

/** One event for one decision; a denial's says which line of the policy would allow it. */
export function auditDecision(
  { audit }: GuardContext,
  { req, principal, policy }: Call,
  { method, operation, decision }: Decided,
): void {
  const denied = decision.effect === 'deny'
  audit({
    type: 'decision',
    effect: decision.effect,
    principal,
    remoteAddress: req.socket.remoteAddress,
    method,
    operation,
    rule: decision.rule,
    reason: denied ? decision.reason : undefined,
    hint: denied ? explainDenial(policy, principal, operation) : undefined,
  })
}

/** A method that does not exist is refused whatever the policy says. */
export function auditUnknown({ audit }: GuardContext, call: Call, message: Message): void {
  audit({
    type: 'protocol',
    effect: 'deny',
    principal: call.principal,
    remoteAddress: call.req.socket.remoteAddress,
    method: message.kind === 'response' ? undefined : message.method,
    reason: 'unknown method',
  })
}
