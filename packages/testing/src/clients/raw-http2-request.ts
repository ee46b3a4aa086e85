import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import type { ClientCredentials } from '../certificates.js'
import { parseAnswer } from './parse-answer.js'

export interface RawHttp2Request {
  readonly certificate: ClientCredentials
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

export interface RawHttp2Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly json: unknown
}

/**
 * Sends one request over an HTTP/2 connection of its own and reads the whole answer.
 *
 * @throws {Error} if the peer speaks no HTTP/2 or the handshake fails
 */
export function rawHttp2Request(url: string, options: RawHttp2Request): Promise<RawHttp2Response> {
  const { origin, pathname, search } = new URL(url)
  const { promise, resolve, reject } = deferred<RawHttp2Response>()
  const session = connect(origin, options.certificate)
  session.on('error', reject)
  const stream = session.request({
    ...options.headers,
    ':method': options.method ?? 'POST',
    ':path': `${pathname}${search}`,
  })
  const chunks: Buffer[] = []
  let headers: IncomingHttpHeaders = {}
  stream.on('error', reject)
  stream.once('response', (received) => {
    headers = received
  })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.once('end', () => {
    const body = Buffer.concat(chunks).toString('utf8')
    const json = parseAnswer(headers['content-type'], body)
    resolve({ status: Number(headers[':status'] ?? 0), headers, body, json })
  })
  stream.end(options.body)
  return promise.finally(() => session.destroy())
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
