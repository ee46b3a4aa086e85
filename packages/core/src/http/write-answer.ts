import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { endAfterRequest } from './linger.js'

/** A response of `node:http`, `node:https` or the compatibility layer of `node:http2`. */
export type HttpResponse = ServerResponse | Http2ServerResponse

/** One whole answer. Header names are lower case; `body` is JSON text. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const CONTENT_TOO_LARGE = 413

/** Headers that describe another body than ours, if something set them before us. */
const ENTITY_HEADERS: readonly string[] = [
  'content-encoding',
  'content-length',
  'content-type',
  'etag',
  'last-modified',
  'transfer-encoding',
]

/**
 * Writes an answer and ends the response. If a head was sent already the response is destroyed
 * instead, since nothing true can be said on it any more; if it has ended nothing happens.
 *
 * `connection: close` closes the connection after the answer: as a header on HTTP/1, where a body
 * still arriving does not make the peer lose the answer, and as a graceful end of the session on
 * HTTP/2, where the header is illegal (RFC 9113 section 8.2.2). There a body that is too large ends its own
 * stream alone: others of the session may be of other users.
 */
export function writeAnswer(res: HttpResponse, answer: Answer): void {
  if (res.writableEnded) return
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  setAnswerHead(res, answer)
  if (!isClosing(answer)) endWithBody(res, answer.body)
  else if ('stream' in res && answer.status !== CONTENT_TOO_LARGE) endSession(res, answer.body)
  else if ('stream' in res) endWithBody(res, answer.body)
  else endAfterRequest(res, answer.body)
}

/** Sets status and headers of an answer; nothing is sent. */
export function setAnswerHead(res: HttpResponse, answer: Answer): void {
  for (const name of ENTITY_HEADERS) res.removeHeader(name)
  res.statusCode = answer.status
  res.setHeader('cache-control', 'no-store')
  if (answer.body !== undefined) res.setHeader('content-type', 'application/json')
  if (answer.status !== 204 && answer.status !== 304) {
    res.setHeader('content-length', Buffer.byteLength(answer.body ?? ''))
  }
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!('stream' in res) || name.toLowerCase() !== 'connection') res.setHeader(name, value)
  }
}

function isClosing(answer: Answer): boolean {
  return Object.entries(answer.headers).some(
    ([name, value]) => name.toLowerCase() === 'connection' && value.toLowerCase() === 'close',
  )
}

function endSession(res: Http2ServerResponse, body: string | undefined): void {
  const { session } = res.stream
  endWithBody(res, body)
  session?.close()
}

function endWithBody(res: HttpResponse, body: string | undefined): void {
  if (body === undefined) res.end()
  else res.end(body)
}
