import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { type Agent, type RequestOptions, request } from 'node:https'
import type { ClientCredentials } from '../certificates.js'
import { parseAnswer } from './parse-answer.js'

export interface RawRequest {
  readonly certificate: ClientCredentials
  /** Default `POST`. */
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
  /** Default true; false writes head and body but never says that the body has ended. */
  readonly complete?: boolean
  /** Default: a connection of its own for every request. */
  readonly agent?: Agent
  /** A TLS session to resume. */
  readonly session?: Buffer
}

export interface RawResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The JSON body, or the first JSON-RPC message of an event stream; undefined for neither. */
  readonly json: unknown
  /** Whether the request went over a connection used before, or resumed a TLS session. */
  readonly reused: { readonly connection: boolean; readonly session: boolean }
}

/**
 * Sends one HTTP/1.1 request exactly as told and reads the whole answer.
 *
 * @throws {Error} if the handshake fails or the connection ends before the answer does
 */
export function rawRequest(url: string, options: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, toRequestOptions(url, options))
    outgoing.on('error', reject)
    outgoing.once('upgrade', () => reject(new Error('the server switched protocols')))
    outgoing.once('response', (response) => {
      const { socket } = response
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.once('end', () => {
        const body = Buffer.concat(chunks).toString('utf8')
        if (options.complete === false) outgoing.destroy()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          json: parseAnswer(response.headers['content-type'], body),
          reused: { connection: outgoing.reusedSocket, session: isResumed(socket) },
        })
      })
    })
    outgoing.flushHeaders()
    if (options.body !== undefined) outgoing.write(options.body)
    if (options.complete !== false) outgoing.end()
  })
}

function toRequestOptions(url: string, options: RawRequest): RequestOptions {
  const { certificate, headers = {}, body } = options
  const sized = Object.keys(headers).some((name) =>
    /^(content-length|transfer-encoding)$/i.test(name),
  )
  const length = body === undefined || sized ? {} : { 'content-length': Buffer.byteLength(body) }
  return {
    ...certificate,
    // Not what `Host` says, which a test may want to forge.
    servername: new URL(url).hostname,
    method: options.method ?? 'POST',
    headers: { ...headers, ...length },
    agent: options.agent ?? false,
    ...(options.session && { session: options.session }),
  }
}

function isResumed(socket: object): boolean {
  return 'isSessionReused' in socket && typeof socket.isSessionReused === 'function'
    ? socket.isSessionReused() === true
    : false
}
