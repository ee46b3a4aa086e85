import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { RequestError } from '../errors.js'

/** A request of `node:http`, `node:https` or the compatibility layer of `node:http2`. */
export type HttpRequest = IncomingMessage | Http2ServerRequest

/**
 * The value of a header that may be sent once, or undefined where it is absent. Counted in
 * `rawHeaders`, because `headers` keeps the first of two values or joins them, depending on the
 * name, and `headersDistinct` throws on a header named `__proto__`. A header that is only in
 * `headers` was not sent by the peer, or was cut off, and is refused too.
 *
 * Names are lower case; `:authority` and the other pseudo-headers of HTTP/2 can be asked for.
 *
 * @throws {RequestError} 400, −32600
 */
export function singleHeader(req: HttpRequest, name: string): string | undefined {
  const values = req.rawHeaders.filter(
    (_, index, raw) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name,
  )
  if (values.length > 1) throw new RequestError(400, -32600, `header ${name} is sent twice`)
  if (values.length === 0 && req.headers[name] !== undefined) {
    throw new RequestError(400, -32600, `header ${name} is not among the raw headers`)
  }
  return values[0]
}

/** Puts another value in place of one that was sent, in `headers` and in `rawHeaders`, for whoever reads either. */
export function replaceHeader(req: HttpRequest, name: string, value: string): void {
  req.headers[name] = value
  const { rawHeaders } = req
  const index = rawHeaders.findIndex(
    (text, position) => position % 2 === 0 && text.toLowerCase() === name,
  )
  if (index !== -1) rawHeaders[index + 1] = value
}
