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
  const { rawHeaders } = req
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isNamed(rawHeaders[index], name)) continue
    if (value !== undefined) throw new RequestError(400, -32600, `header ${name} is sent twice`)
    value = rawHeaders[index + 1] ?? ''
  }
  if (value === undefined && req.headers[name] !== undefined) {
    throw new RequestError(400, -32600, `header ${name} is not among the raw headers`)
  }
  return value
}

/** The length first: of a request's headers few are as long as the one that is looked for. */
function isNamed(text: string | undefined, name: string): boolean {
  return text !== undefined && text.length === name.length && text.toLowerCase() === name
}

/** Whether the peer sent a header, once or more often. */
export function isSent({ rawHeaders }: HttpRequest, name: string): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (isNamed(rawHeaders[index], name)) return true
  }
  return false
}

/** Puts another value in place of one that was sent, in `headers` and in `rawHeaders`, for whoever reads either. */
export function replaceHeader(req: HttpRequest, name: string, value: string): void {
  req.headers[name] = value
  const { rawHeaders } = req
  const index = rawHeaders.findIndex((text, position) => position % 2 === 0 && isNamed(text, name))
  if (index !== -1) rawHeaders[index + 1] = value
}

/** Takes a header away, from `headers` and from `rawHeaders`, however often it was sent. */
export function removeHeader(req: HttpRequest, name: string): void {
  delete req.headers[name]
  const { rawHeaders } = req
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (isNamed(rawHeaders[index], name)) rawHeaders.splice(index, 2)
  }
}
