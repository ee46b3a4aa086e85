import type { Operation } from '../mcp/operation.js'
import type { Message } from '../mcp/read-operations.js'
import { decide } from '../policy/decide.js'
import { auditDecision, auditForeign, auditUnknown } from './audit-verdict.js'
import type { Call, GuardContext } from './context.js'
import { type Decided, judge, type Verdict } from './judge.js'
import { hearSecondOpinion } from './second-opinion.js'

/**
 * Judges a message, asks for the second opinion where there is one, and records every decision. While
 * observing, what would be denied is recorded and let through; an unknown method or a task of another
 * never is.
 */
export async function weigh(context: GuardContext, call: Call, message: Message): Promise<Verdict> {
  const judged = judge(call.policy, call.principal, message)
  const { authorize, observing } = context.settings
  const verdict =
    authorize && judged.effect === 'allow' ? await hear(authorize, call, judged) : judged
  if (verdict.effect === 'unknown') auditUnknown(context, call, message)
  if (verdict.effect === 'foreign') auditForeign(context, call, message)
  for (const decided of verdict.decisions) auditDecision(context, call, decided)
  return observing && verdict.effect === 'deny' ? { ...verdict, effect: 'allow' } : verdict
}

/** What of an answer a caller may see; each hidden thing is recorded while observing, and shown. */
export function createView(context: GuardContext, call: Call): (operation: Operation) => boolean {
  const { policy, principal } = call
  return (operation) => {
    const decision = decide(policy, principal, operation)
    if (decision.effect === 'allow') return true
    if (!context.settings.observing) return false
    auditDecision(context, call, { method: 'answer', operation, decision })
    return true
  }
}

type Ask = NonNullable<GuardContext['settings']['authorize']>

async function hear(ask: Ask, { principal }: Call, verdict: Verdict): Promise<Verdict> {
  const decisions: Decided[] = []
  for (const decided of verdict.decisions) {
    const { operation } = decided
    const agreed =
      operation.kind === 'lifecycle' || (await hearSecondOpinion(ask, { principal, operation }))
    decisions.push(agreed ? decided : { ...decided, decision: secondOpinion })
  }
  const denied = decisions.some(({ decision }) => decision.effect === 'deny')
  return { ...verdict, decisions, effect: denied ? 'deny' : 'allow' }
}

const secondOpinion: Decided['decision'] = Object.freeze({
  effect: 'deny',
  reason: 'second-opinion',
})
