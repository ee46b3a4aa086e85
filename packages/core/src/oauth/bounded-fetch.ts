import { RequestError } from '../errors.js'
import { INTERNAL_ERROR } from '../mcp/json-rpc-error.js'
import type { Fetch } from './options.js'
import { type Claims, parseClaims } from './strict-claims.js'

/** How an authorization server is asked. */
interface Question {
  readonly headers?: Readonly<Record<string, string>>
  /** A form; present: it is posted. */
  readonly form?: URLSearchParams
}

/** What an authorization server answered: `document` only with status 200 and a JSON object. */
interface BoundedAnswer {
  readonly status: number
  readonly document: Claims | undefined
}

/** Asks authorization servers, within bounds. */
export interface BoundedFetch {
  /**
   * Rejects where there is no answer at all.
   *
   * @throws {RequestError} 503, −32603
   */
  ask(url: string, question?: Question): Promise<BoundedAnswer>
  /** Ends what is under way and refuses what comes. */
  close(): void
}

/** Whole answers, from the first byte sent to the last one read. */
const milliseconds = 5_000
const mostBytes = 1_048_576

/**
 * Creates the one way by which this library asks authorization servers: https only, loopback included;
 * no redirect is followed; an answer, headers and body together, takes at most 5 seconds and its body, as
 * decoded, at most 1 MiB. Bounds hold also for a `fetch` that ignores its signal. Error texts hold
 * nothing of what was sent or answered.
 */
export function createBoundedFetch(fetch: Fetch = globalThis.fetch): BoundedFetch {
  const open = new Set<AbortController>()
  let closed = false
  return Object.freeze({
    async ask(url: string, question: Question = {}) {
      if (closed) throw unavailable('token verification was closed')
      if (!isHttpsUrl(url)) throw unavailable('an authorization server is only asked over https')
      const controller = new AbortController()
      open.add(controller)
      const timer = setTimeout(() => controller.abort('in time'), milliseconds)
      try {
        return await askOnce({ fetch, url, question, signal: controller.signal })
      } finally {
        clearTimeout(timer)
        open.delete(controller)
      }
    },
    close() {
      closed = true
      for (const controller of open) controller.abort('before it was closed')
    },
  })
}

/** Whether text is an absolute https URL without user information, as it stands. */
export function isHttpsUrl(text: unknown): text is string {
  if (typeof text !== 'string' || !/^https:\/\/[^\s\\]+$/.test(text) || !URL.canParse(text))
    return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

/** The answer where what a token is verified with cannot be had. */
export function unavailable(message: string): RequestError {
  return new RequestError(503, INTERNAL_ERROR, message)
}

interface Exchange {
  readonly fetch: Fetch
  readonly url: string
  readonly question: Question
  readonly signal: AbortSignal
}

async function askOnce(exchange: Exchange): Promise<BoundedAnswer> {
  const { signal } = exchange
  let whenAborted = (): void => undefined
  const aborted = new Promise<Failure>((resolve) => {
    whenAborted = () => resolve({ failure: `did not answer ${String(signal.reason)}` })
    signal.addEventListener('abort', whenAborted)
  })
  const outcome = await Promise.race([exchangeOf(exchange).catch(failureOf), aborted])
  signal.removeEventListener('abort', whenAborted)
  if ('failure' in outcome) throw unavailable(`the authorization server ${outcome.failure}`)
  return outcome
}

interface Failure {
  readonly failure: string
}

async function exchangeOf({
  fetch,
  url,
  question,
  signal,
}: Exchange): Promise<BoundedAnswer | Failure> {
  const init = toRequest(question)
  const response = await fetch(url, { ...init, redirect: 'manual', signal })
  if (response.redirected) return { failure: 'was reached by a redirect, which is not followed' }
  if (response.status !== 200 || signal.aborted) {
    response.body?.cancel().catch(() => undefined)
    return { status: response.status, document: undefined }
  }
  const body = await readBody(response, signal)
  return body === undefined
    ? { failure: 'sent more than 1 MiB' }
    : { status: 200, document: parseClaims(body) }
}

function toRequest({ form, headers }: Question): RequestInit {
  const sent = { accept: 'application/json', ...headers }
  if (form === undefined) return { method: 'GET', headers: sent }
  return {
    method: 'POST',
    headers: { ...sent, 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  }
}

/** The body of an answer; undefined where it is too long, and nothing more of it is read. */
async function readBody(response: Response, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const stop = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', stop, { once: true })
  const pieces: Uint8Array[] = []
  let length = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.byteLength
    if (length > mostBytes) {
      stop()
      return undefined
    }
    pieces.push(next.value)
  }
  return Buffer.concat(pieces)
}

/** What went wrong by its code alone: the text of an error may repeat what was sent. */
function failureOf(error: unknown): Failure {
  const code = codeOf(error) ?? codeOf(error instanceof Error ? error.cause : undefined)
  return { failure: code === undefined ? 'was not reached' : `was not reached (${code})` }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined
}
