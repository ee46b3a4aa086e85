import {
  exposeBody,
  type RequestBody,
  readArrivedBody,
  readBody,
  takeHostBody,
} from '../http/read-body.js'
import type { Call, GuardContext } from './context.js'
import type { Outcome } from './outcome.js'
import { renewCall } from './tenure.js'

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
  // A peer decides how long its body takes.
  return readBody(req, limits).then((body) => show(renewCall(context, call), body))
}

function show(call: Call, body: RequestBody): Call {
  exposeBody(call.req, body)
  return { ...call, body: body.value }
}
