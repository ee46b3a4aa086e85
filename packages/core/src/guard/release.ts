import type { IncomingMessage } from 'node:http'
import { ConfigurationError } from '../errors.js'
import { removeHeader } from '../http/headers.js'
import { interceptResponse } from '../http/intercept-response.js'
import { corsHeaders } from '../http/origin.js'
import { createMessageFilter, type MessageFilter } from '../mcp/filter-result.js'
import type { RequestId } from '../mcp/json-rpc-error.js'
import { mayHoldList } from '../mcp/may-hold-list.js'
import type { Message } from '../mcp/read-operations.js'
import { failureEvents, internalFailure } from './answer.js'
import { type AuthInfo, isGuardAuth, toAuthInfo } from './auth-info.js'
import type { Call, GuardContext } from './context.js'
import { isLive } from './live-call.js'
import { rememberedAnswers } from './remembered-answers.js'
import { sessionsOf } from './sessions.js'
import type { CallerTasks } from './tasks.js'
import { createTenure, type Tenure } from './tenure.js'
import { createView } from './weigh.js'

/** What the answer to a call has to be filtered with. */
export interface Released {
  /** What was allowed. Its requests wait for an answer on this response. */
  readonly messages: readonly Message[]
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
  const live = isLive(call)
  // Most calls end before anything could be taken from under them: for those it is made when that is asked.
  let tenure = live ? createTenure(context, call, released.messages) : undefined
  const hold = (): Tenure => {
    tenure ??= createTenure(context, call, released.messages)
    return tenure
  }
  const sessions = sessionsOf(context.seals, principal)
  let filter: MessageFilter | undefined
  setAuth(req, toAuthInfo(principal))
  if (principal.token !== undefined) hideCredentials(req)
  sendNonce(context, call)
  allowPage(context, call)
  const interception = interceptResponse(res, {
    rewrite: (message) => {
      filter ??= createMessageFilter(
        createView(context, call, 'lists'),
        released.tasks(),
        createView(context, call, 'deliveries'),
      )
      return filter(message)
    },
    mayHoldList,
    remembered: () => (live ? undefined : rememberedAnswers(context, call)),
    onHead: sessions.sealHead,
    endpoint: sessions.sealEndpoint,
    eventId: sessions.sealEvent,
    failure: () => {
      if (!tenure?.isRevoked()) auditUnfilterable(context, call)
      return internalFailure()
    },
    onUnfilterable: () => {
      if (!tenure?.isRevoked()) auditUnfilterable(context, call)
      return failureEvents(released.messages.flatMap(idOf))
    },
  })
  context.admitted(res, interception, hold)
  tenure?.review(interception.fail)
  return call
}

function idOf(message: Message): readonly RequestId[] {
  return message.kind === 'request' ? [message.id] : []
}

function auditUnfilterable({ audit }: GuardContext, { req, principal }: Call): void {
  audit({
    type: 'error',
    effect: 'deny',
    principal,
    remoteAddress: req.socket.remoteAddress,
    method: req.method,
    reason:
      'the answer was given up: it was encoded, a part of one, is no JSON, or the guard closed',
    hint: 'if something compresses answers, mount it before the guard; the guard must see them as text',
  })
}

/** Lets the page of an allowed origin read the answer. */
function allowPage({ settings }: GuardContext, { req, res }: Call): void {
  if (req.headers.origin === undefined) return
  for (const [name, value] of Object.entries(corsHeaders(req, settings))) res.setHeader(name, value)
}

/** The token was issued for this server: what handles the call must not pass it on. */
function hideCredentials(req: IncomingMessage): void {
  removeHeader(req, 'authorization')
  removeHeader(req, 'dpop')
}

/** The nonce a client puts into its next proof, so that it is not refused once at each change (RFC 9449 section 8.2). */
function sendNonce({ tokens }: GuardContext, { res, principal }: Call): void {
  const nonce = principal.token?.binding.key === undefined ? undefined : tokens?.proofNonce()
  if (nonce !== undefined) res.setHeader('dpop-nonce', nonce)
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
