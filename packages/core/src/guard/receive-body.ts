import { exposeBody, readArrivedBody, readBody, takeHostBody } from '../http/read-body.js'
import type { Call, GuardContext } from './context.js'
import { andThen, type Outcome } from './outcome.js'

/**
 * Reads the body of a POST within the guard's bounds. Where a parser of the application ran first,
 * its object is taken and judged instead; the bounds were then the parser's.
 *
 * @throws {RequestError} for a body that is too large, no JSON, or read differently by two parsers
 */
export function receiveBody(context: GuardContext, call: Call): Outcome<Call> {
  const { req } = call
  if (req.method !== 'POST') return call
  const { limits } = context.settings
  const host = takeHostBody(req, limits)
  if (host !== undefined) return { ...call, body: host }
  return andThen(readArrivedBody(req, limits) ?? readBody(req, limits), (body) => {
    exposeBody(req, body)
    return { ...call, body: body.value }
  })
}
