import type { IncomingMessage } from 'node:http'
import { ConfigurationError } from '../errors.js'
import { interceptResponse } from '../http/intercept-response.js'
import { corsHeaders } from '../http/origin.js'
import { createMessageFilter, type MessageFilter } from '../mcp/filter-result.js'
import type { RequestId } from '../mcp/json-rpc-error.js'
import { mayHoldList } from '../mcp/may-hold-list.js'
import { failureEvents, internalFailure } from './answer.js'
import { type AuthInfo, isGuardAuth, toAuthInfo } from './auth-info.js'
import type { Call, GuardContext } from './context.js'
import { createTenure, isLive } from './live-call.js'
import { rememberedAnswers } from './remembered-answers.js'
import { sessionsOf } from './sessions.js'
import type { CallerTasks } from './tasks.js'
import { createView } from './weigh.js'

/** What the answer to a call has to be filtered with. */
export interface Released {
  /** The requests that wait for an answer on this response. */
  readonly ids: readonly RequestId[]
  readonly tasks: () => CallerTasks
}

/**
 * Hands an allowed call over to the application: the caller on `req.auth`, the answer filtered on its
 * way out, whatever writes it and on whichever stream it is delivered.
 *
 * @throws {ConfigurationError} if something else, or another guard, set `req.auth` before
 * @throws {RequestError} 503 if the call would stay open, and the guard was closed meanwhile
 */
export function release(context: GuardContext, call: Call, released: Released): Call {
  const { req, res, principal } = call
  const tenure = isLive(call) ? createTenure(context, call) : undefined
  const sessions = sessionsOf(context.seals, principal)
  let filter: MessageFilter | undefined
  setAuth(req, toAuthInfo(principal))
  allowPage(context, call)
  const interception = interceptResponse(res, {
    rewrite: (message) => {
      filter ??= createMessageFilter(createView(context, call), released.tasks())
      return filter(message)
    },
    mayHoldList,
    remembered: () => (tenure === undefined ? rememberedAnswers(context, call) : undefined),
    onHead: sessions.sealHead,
    endpoint: sessions.sealEndpoint,
    eventId: sessions.sealEvent,
    failure: () => {
      if (!tenure?.isRevoked()) auditUnfilterable(context, call)
      return internalFailure()
    },
    onUnfilterable: () => {
      if (!tenure?.isRevoked()) auditUnfilterable(context, call)
      return failureEvents(released.ids)
    },
  })
  context.admitted(res, interception, tenure && (() => tenure.review(interception.fail)))
  tenure?.review(interception.fail)
  return call
}

function auditUnfilterable({ audit }: GuardContext, { req, principal }: Call): void {
  audit({
    type: 'error',
    effect: 'deny',
    principal,
    remoteAddress: req.socket.remoteAddress,
    method: req.method,
    reason: 'the answer was given up: it was encoded, is no JSON, or the guard closed',
    hint: 'if something compresses answers, mount it before the guard; the guard must see them as text',
  })
}

/** Lets the page of an allowed origin read the answer. */
function allowPage({ settings }: GuardContext, { req, res }: Call): void {
  if (req.headers.origin === undefined) return
  for (const [name, value] of Object.entries(corsHeaders(req, settings))) res.setHeader(name, value)
}

function setAuth(req: IncomingMessage & { auth?: unknown }, auth: AuthInfo): void {
  if (req.auth !== undefined) {
    throw new ConfigurationError(
      isGuardAuth(req.auth)
        ? 'two guards stand before one handler: give each route one guard, with the policy it needs'
        : 'req.auth was set before the guard ran: the guard sets it; remove the other authentication from this route',
    )
  }
  req.auth = auth
}
