import { singleHeader } from '../http/headers.js'
import { restoreBody } from '../http/read-body.js'
import { checkHeaderAgreement, type MessageHeaders } from '../mcp/header-agreement.js'
import { isJsonObject } from '../mcp/json-object.js'
import type { RequestId } from '../mcp/json-rpc-error.js'
import { narrowListen } from '../mcp/narrow-listen.js'
import { type Message, readMessages } from '../mcp/read-operations.js'
import { decide, permits } from '../policy/decide.js'
import { deniedNotification, deniedRequest, unknownMethod } from './answer.js'
import { auditDecision, auditUnknown } from './audit-verdict.js'
import type { Call, GuardContext } from './context.js'
import { isListen, judge, type Verdict } from './judge.js'
import { release } from './release.js'

/**
 * Decides on a call: every message of its body must be known and every operation allowed. An allowed
 * call is prepared for the handler; anything else is answered, and undefined returned.
 *
 * @throws {RequestError} for a body that is no JSON-RPC, or headers that disagree with it
 */
export function authorize(context: GuardContext, call: Call): Call | undefined {
  return call.req.method === 'POST' ? authorizePost(context, call) : authorizeStream(context, call)
}

/** GET and DELETE ask for no operation of their own; what a stream delivers is filtered. */
function authorizeStream(context: GuardContext, call: Call): Call {
  const { principal, policy, req } = call
  const method = req.method ?? ''
  const operation = { kind: 'lifecycle', method } as const
  const decision = decide(policy, principal, operation)
  auditDecision(context, call, { method, operation, decision })
  if (decision.effect !== 'allow') throw new Error('a principal with a role was denied a stream')
  return release(context, call, [])
}

function authorizePost(context: GuardContext, call: Call): Call | undefined {
  const headers = readMessageHeaders(call)
  const messages = readMessages(call.body, {
    batch: 0,
    protocolVersion: headers.protocolVersion,
  })
  for (const message of messages) checkHeaderAgreement(message, headers)
  const verdicts = messages.map((message) => judge(call.policy, call.principal, message))
  for (const verdict of verdicts) auditVerdict(context, call, verdict)
  const refused = verdicts.find((verdict) => verdict.effect !== 'allow')
  if (refused) return answerVerdict(context, call, refused)
  return release(context, messages.some(isListen) ? narrow(call) : call, messages.flatMap(idOf))
}

function idOf(message: Message): readonly RequestId[] {
  return message.kind === 'request' ? [message.id] : []
}

function readMessageHeaders({ req }: Call): MessageHeaders {
  return {
    protocolVersion: singleHeader(req, 'mcp-protocol-version'),
    method: singleHeader(req, 'mcp-method'),
    name: singleHeader(req, 'mcp-name'),
  }
}

function auditVerdict(context: GuardContext, call: Call, verdict: Verdict): void {
  if (verdict.effect === 'unknown') auditUnknown(context, call, verdict.message)
  for (const decided of verdict.decisions) auditDecision(context, call, decided)
}

function answerVerdict(context: GuardContext, call: Call, { effect, message }: Verdict): undefined {
  if (message.kind !== 'request') context.answer(call.res, deniedNotification())
  else if (effect === 'unknown') context.answer(call.res, unknownMethod(message.id, message.era))
  else context.answer(call.res, deniedRequest(message.id))
  return undefined
}

/** Puts a request in place of the one that was sent, that asks only for what is permitted. */
function narrow(call: Call): Call {
  const { policy, principal, req, body: request } = call
  if (!isJsonObject(request)) throw new Error('a listen request that is no object was read')
  const params = narrowListen(request['params'], (operation) =>
    permits(policy, principal, operation),
  )
  const body = { ...request, params }
  restoreBody(req, { value: body, raw: Buffer.from(JSON.stringify(body)) })
  return { ...call, body }
}
