import type { Operation } from '../mcp/operation.js'
import type { Message } from '../mcp/read-operations.js'
import { decide } from '../policy/decide.js'
import { auditDecision, auditForeign, auditUnknown } from './audit-verdict.js'
import type { Call, GuardContext } from './context.js'
import { type Decided, isListen, judge, type Verdict } from './judge.js'
import { createFollower, isLive } from './live-call.js'
import { andThen, type Outcome } from './outcome.js'
import { hearSecondOpinion } from './second-opinion.js'

/**
 * Judges a message, asks for the second opinion where there is one, and records every decision. While
 * observing, what would be denied is recorded and let through; an unknown method or a task of another
 * never is.
 */
export function weigh(context: GuardContext, call: Call, message: Message): Outcome<Verdict> {
  const judged = judge(call.policy, call.principal, message)
  const { authorize } = context.settings
  const heard = authorize && judged.effect === 'allow' ? hear(authorize, call, judged) : judged
  return andThen(heard, (verdict) => record(context, call, verdict))
}

/**
 * What was weighed, where the policy was replaced meanwhile: what was allowed has to be allowed by this one
 * too. Nobody is asked again.
 */
export function weighAgain(context: GuardContext, call: Call, weighed: Verdict): Verdict {
  if (weighed.effect !== 'allow') return weighed
  const verdict = judge(call.policy, call.principal, weighed.message)
  return verdict.effect === 'allow' ? weighed : record(context, call, verdict)
}

function record(context: GuardContext, call: Call, verdict: Verdict): Verdict {
  const { observing } = context.settings
  const { message } = verdict
  if (verdict.effect === 'unknown') auditUnknown(context, call, message)
  if (verdict.effect === 'foreign') auditForeign(context, call, message)
  for (const decided of verdict.decisions) auditDecision(context, call, decided)
  const refused = verdict.effect === 'deny' || verdict.effect === 'challenge'
  return observing && refused ? { ...verdict, effect: 'allow' } : verdict
}

/** What of the things a caller would need more for is in its view: all in lists, none where something is delivered. */
export type ViewOf = 'lists' | 'deliveries'

/**
 * What of an answer a caller may see, by the policy the call was decided on, or where it stays open by
 * the one in force; each hidden thing is recorded while observing, and shown.
 */
export function createView(
  context: GuardContext,
  call: Call,
  of: ViewOf,
): (operation: Operation) => boolean {
  const follow = isLive(call) ? createFollower(context, call) : () => call
  return (operation) => {
    const now = follow()
    const { policy, principal } = now
    const decision = decide(policy, principal, operation)
    if (decision.effect === 'allow') return true
    // What a token or more scope would open is listed, so that a client learns to ask for it.
    if (decision.effect === 'challenge' && of === 'lists') return true
    if (!context.settings.observing) return false
    auditDecision(context, now, { method: 'answer', operation, decision })
    return true
  }
}

type Ask = NonNullable<GuardContext['settings']['authorize']>

async function hear(ask: Ask, call: Call, verdict: Verdict): Promise<Verdict> {
  const { principal } = call
  const decisions: Decided[] = []
  for (const decided of [...verdict.decisions, ...decideListened(call, verdict)]) {
    const { operation } = decided
    const agreed =
      operation.kind === 'lifecycle' || (await hearSecondOpinion(ask, { principal, operation }))
    decisions.push(agreed ? decided : { ...decided, decision: secondOpinion })
    // One no is enough, and each may take the whole of its time.
    if (!agreed) break
  }
  const denied = decisions.some(({ decision }) => decision.effect === 'deny')
  return { ...verdict, decisions, effect: denied ? 'deny' : 'allow' }
}

/**
 * What a listen request will be narrowed to. Nobody is asked again when it is, so one resource the second
 * opinion refuses refuses the request.
 */
function decideListened({ policy, principal }: Call, { message }: Verdict): readonly Decided[] {
  if (!isListen(message)) return []
  return message.operations
    .filter(({ kind }) => kind === 'resource')
    .map((operation) => ({
      method: 'subscriptions/listen',
      operation,
      decision: decide(policy, principal, operation),
    }))
    .filter(({ decision }) => decision.effect === 'allow')
}

const secondOpinion: Decided['decision'] = Object.freeze({
  effect: 'deny',
  reason: 'second-opinion',
})
