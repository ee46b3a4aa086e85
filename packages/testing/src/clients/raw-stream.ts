import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import type { ClientCredentials } from '../certificates.js'

/** An answer that is still being written. */
export interface RawStream {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Everything received so far. */
  text(): string
  /** Resolves when the server ended the answer or the connection is gone. */
  readonly ended: Promise<void>
  close(): void
}

export interface RawStreamRequest {
  readonly certificate: ClientCredentials
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** Sends a request on a connection of its own and resolves as soon as the answer's head is there. */
export function openRawStream(url: string, options: RawStreamRequest): Promise<RawStream> {
  const { certificate, method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...certificate, method, headers, agent: false })
    outgoing.on('error', reject)
    outgoing.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      const ended = new Promise<void>((onEnd) => {
        response.once('close', onEnd)
        response.on('error', () => onEnd())
      })
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: () => text,
        ended,
        close: () => outgoing.destroy(),
      })
    })
    outgoing.end(body)
  })
}
