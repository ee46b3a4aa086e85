import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { ClientCredentials } from '../certificates.js'

export interface HttpsExchange {
  readonly certificate: ClientCredentials
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpsAnswer {
  readonly status: number
  readonly location: string | undefined
  /** `name=value` of every cookie the answer sets; without a value where it is cleared. */
  readonly cookies: readonly string[]
  readonly body: string
}

/** One request on a connection of its own; follows no redirect. */
export function exchangeHttps(url: string | URL, exchange: HttpsExchange): Promise<HttpsAnswer> {
  const { certificate, method = 'GET', headers = {}, body } = exchange
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...certificate, method, headers, agent: false })
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      text(response).then(
        (answered) =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location,
            cookies: (response.headers['set-cookie'] ?? []).map(
              (cookie) => cookie.split(';')[0] ?? '',
            ),
            body: answered,
          }),
        reject,
      )
    })
    outgoing.end(body)
  })
}
