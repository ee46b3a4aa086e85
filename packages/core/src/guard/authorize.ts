import type { TokenError } from '../errors.js'
import { singleHeader } from '../http/headers.js'
import { checkHeaderAgreement, type MessageHeaders } from '../mcp/header-agreement.js'
import { isJsonObject } from '../mcp/json-object.js'
import type { Operation } from '../mcp/operation.js'
import { type Message, readMessages } from '../mcp/read-operations.js'
import { requestIdOf } from '../mcp/request-id.js'
import { withoutRole } from './answer.js'
import { auditDecision } from './audit-verdict.js'
import { challengedInResult, challengeOf } from './challenge-answers.js'
import type { Call, GuardContext } from './context.js'
import { decideFor, type Verdict } from './judge.js'
import { andThen, type Outcome } from './outcome.js'
import { auditRefusal } from './refuse.js'
import { refuseVerdicts } from './refuse-verdicts.js'
import { release } from './release.js'
import { type Judged, rewriteBody } from './rewrite-body.js'
import { type CallerTasks, createCallerTasks } from './tasks.js'
import { renewCall } from './tenure.js'
import { weigh, weighAgain } from './weigh.js'

/**
 * Decides on a call: every message of its body must be known and every operation allowed. An allowed
 * call is prepared for the handler; anything else is answered, and undefined returned.
 *
 * @throws {RequestError} for a body that is no JSON-RPC, or headers that disagree with it
 * @throws {TokenError} if the token was refused, and the body is no tool call whose result could say so
 */
export function authorize(context: GuardContext, call: Call): Outcome<Call | undefined> {
  if (call.refusedToken !== undefined) return refuseToken(context, call, call.refusedToken)
  return call.req.method === 'POST' ? authorizePost(context, call) : authorizeStream(context, call)
}

/** GET and DELETE ask for no operation of their own; what a stream delivers is filtered. */
function authorizeStream(context: GuardContext, call: Call): Call | undefined {
  const { principal, policy, req, res } = call
  const method = req.method ?? ''
  const operation = { kind: 'lifecycle', method } as const
  const decision = decideFor(policy, principal, operation)
  auditDecision(context, call, { method, operation, decision })
  if (decision.effect === 'allow' || context.settings.observing) {
    return release(context, call, { messages: [], tasks: holdTasks(context, call) })
  }
  context.answer(res, withoutRole(principal.token))
  return undefined
}

function refuseToken(context: GuardContext, call: Call, error: TokenError): undefined {
  const { tokens } = context
  const { body, querySession } = call
  const id = isToolCall(body) && querySession === undefined ? requestIdOf(body) : null
  if (tokens === undefined || id === null) throw error
  auditRefusal(context, call, error)
  const result = tokens.challenges.toolResult(challengeOf(error, tokens))
  context.answer(call.res, challengedInResult(id, result))
  return undefined
}

function isToolCall(body: unknown): boolean {
  return isJsonObject(body) && body['method'] === 'tools/call'
}

function authorizePost(context: GuardContext, call: Call): Outcome<Call | undefined> {
  const headers = readMessageHeaders(call)
  const sent = readMessages(call.body, {
    batch: context.settings.limits.batch,
    protocolVersion: headers.protocolVersion,
  })
  for (const message of sent) checkHeaderAgreement(message, headers)
  const tasks = holdTasks(context, call)
  const messages = sent.map((message) =>
    message.operations.some(isTask) ? tasks().attribute(message) : message,
  )
  const settle = (weighed: Call, verdicts: readonly Verdict[]): Call | undefined => {
    if (verdicts.every(isAllowed)) return grant(context, weighed, { messages, tasks })
    context.answer(call.res, refuseVerdicts(context, weighed, verdicts))
    return undefined
  }
  const outcome = weighAll(context, call, messages)
  if (!(outcome instanceof Promise)) return settle(call, outcome)
  return outcome.then((verdicts) => {
    // Others took their time, and the caller decides how often they are asked.
    const now = renewCall(context, call)
    return settle(
      now,
      now === call ? verdicts : verdicts.map((verdict) => weighAgain(context, now, verdict)),
    )
  })
}

/** Whatever is about tasks is made when the first is met: most calls meet none. */
function holdTasks(context: GuardContext, call: Call): () => CallerTasks {
  let made: CallerTasks | undefined
  return () => {
    made ??= createCallerTasks(context, call)
    return made
  }
}

/** One after the other: what one message is decided on does not depend on when another was. */
function weighAll(
  context: GuardContext,
  call: Call,
  messages: readonly Message[],
): Outcome<readonly Verdict[]> {
  return messages.reduce<Outcome<readonly Verdict[]>>(
    (before, message) =>
      andThen(before, (verdicts) =>
        andThen(weigh(context, call, message), (verdict) => [...verdicts, verdict]),
      ),
    [],
  )
}

function grant(context: GuardContext, call: Call, { messages, tasks }: Judged): Call {
  const granted = rewriteBody(context, call, { messages, tasks })
  return release(context, granted, { messages, tasks })
}

function isAllowed({ effect }: Verdict): boolean {
  return effect === 'allow'
}

function isTask({ kind }: Operation): boolean {
  return kind === 'task'
}

function readMessageHeaders({ req }: Call): MessageHeaders {
  return {
    protocolVersion: singleHeader(req, 'mcp-protocol-version'),
    method: singleHeader(req, 'mcp-method'),
    name: singleHeader(req, 'mcp-name'),
  }
}
