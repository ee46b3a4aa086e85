import {
  exposeBody,
  type RequestBody,
  readArrivedBody,
  readBody,
  takeHostBody,
} from '../http/read-body.js'
import type { Call, GuardContext } from './context.js'
import { createFollower } from './live-call.js'
import type { Outcome } from './outcome.js'
import { findLapsed } from './tenure.js'

/**
 * Reads the body of a POST within the guard's bounds. Where a parser of the application ran first,
 * its object is taken and judged instead; the bounds were then the parser's. Where the body came later
 * than its head, the call is judged by the policy and the credentials of that later moment.
 *
 * @throws {RequestError} for a body that is too large, no JSON, or read differently by two parsers
 * @throws {TokenError} {CertificateError} if a credential no longer holds when the body is there
 */
export function receiveBody(context: GuardContext, call: Call): Outcome<Call> {
  const { req } = call
  if (req.method !== 'POST') return call
  const { limits } = context.settings
  const host = takeHostBody(req, limits)
  if (host !== undefined) return { ...call, body: host }
  const arrived = readArrivedBody(req, limits)
  if (arrived !== undefined) return show(call, arrived)
  return readBody(req, limits).then((body) => show(renew(context, call), body))
}

function show(call: Call, body: RequestBody): Call {
  exposeBody(call.req, body)
  return { ...call, body: body.value }
}

/**
 * The call as it would stand if it began now. A peer decides how long its body takes: without this it
 * could begin calls while it may, and end them long after its token has, or its role was taken away.
 */
function renew(context: GuardContext, call: Call): Call {
  const lapse = findLapsed(context, call)
  if (lapse !== undefined) throw lapse
  return createFollower(context, call)()
}
