import type { IncomingMessage } from 'node:http'
import { ConfigurationError } from '../errors.js'
import { interceptResponse } from '../http/intercept-response.js'
import { corsHeaders } from '../http/origin.js'
import { createMessageFilter } from '../mcp/filter-result.js'
import type { RequestId } from '../mcp/json-rpc-error.js'
import { mayHoldList } from '../mcp/may-hold-list.js'
import { failureEvents, internalFailure } from './answer.js'
import { type AuthInfo, toAuthInfo } from './auth-info.js'
import type { Call, GuardContext } from './context.js'
import { createCallerSessions } from './sessions.js'
import { createView } from './weigh.js'

/**
 * Hands an allowed call over to the application: the caller on `req.auth`, the answer filtered on its
 * way out, whatever writes it and on whichever stream it is delivered. `ids` are the requests that
 * wait for an answer on this response.
 *
 * @throws {ConfigurationError} if something else set `req.auth` before
 */
export function release(context: GuardContext, call: Call, ids: readonly RequestId[]): Call {
  const { req, res, principal } = call
  const sessions = createCallerSessions(context.seals, principal.name)
  setAuth(req, toAuthInfo(principal))
  allowPage(context, call)
  const interception = interceptResponse(res, {
    rewrite: createMessageFilter(createView(context, call)),
    mayHoldList,
    onHead: sessions.sealHead,
    endpoint: sessions.sealEndpoint,
    failure: internalFailure,
    onUnfilterable: () => failureEvents(ids),
  })
  context.admitted(res, interception)
  return call
}

/** Lets the page of an allowed origin read the answer. */
function allowPage({ settings }: GuardContext, { req, res }: Call): void {
  if (req.headers.origin === undefined) return
  for (const [name, value] of Object.entries(corsHeaders(req, settings))) res.setHeader(name, value)
}

function setAuth(req: IncomingMessage & { auth?: unknown }, auth: AuthInfo): void {
  if (req.auth !== undefined) {
    throw new ConfigurationError(
      'req.auth was set before the guard ran: the guard sets it; remove the other authentication from this route',
    )
  }
  req.auth = auth
}
