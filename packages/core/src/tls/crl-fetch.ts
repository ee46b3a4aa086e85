import { TlsMaterialError } from '../errors.js'
import { maximumCrlSize } from './crl-file.js'

/** What a server said about its last answer, to ask whether there is another one. */
export interface Freshness {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

/** A downloaded body; absent where the server says that it has not changed. */
export interface Download {
  readonly bytes: Buffer | undefined
  readonly freshness: Freshness
}

const milliseconds = 10_000

/**
 * Downloads a CRL from the URL an operator configured, never from one in a certificate: at most ten
 * seconds for everything, at most 16 MiB as decoded, no redirects. With `known` it asks conditionally
 * (RFC 9110 section 13.1).
 *
 * @throws {TlsMaterialError} if there is no such answer; the message names the URL
 */
export async function fetchCrl(
  url: URL,
  known: Freshness | undefined,
  closing: AbortSignal,
): Promise<Download> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), milliseconds)
  const stop = (): void => limit.abort()
  closing.addEventListener('abort', stop)
  if (closing.aborted) stop()
  try {
    return await exchange(url, known, limit.signal)
  } catch (cause) {
    if (cause instanceof TlsMaterialError) throw cause
    const problem = limit.signal.aborted ? 'did not answer in ten seconds' : 'cannot be reached'
    throw failure(url, problem, cause)
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', stop)
  }
}

async function exchange(
  url: URL,
  known: Freshness | undefined,
  signal: AbortSignal,
): Promise<Download> {
  const response = await fetch(url, { headers: toHeaders(known), redirect: 'manual', signal })
  if (response.status === 200) {
    const bytes = await readBytes(response, url)
    return { bytes, freshness: readFreshness(response) }
  }
  await response.body?.cancel()
  if (response.status === 304 && known !== undefined) return { bytes: undefined, freshness: known }
  const redirect = response.status >= 300 && response.status < 400
  throw failure(
    url,
    `answered ${response.status}${redirect ? '; redirects are not followed, write the final URL' : ''}`,
  )
}

function toHeaders(known: Freshness | undefined): Record<string, string> {
  return {
    accept: 'application/pkix-crl, application/x-pem-file, */*',
    ...(known?.etag !== undefined && { 'if-none-match': known.etag }),
    ...(known?.lastModified !== undefined && { 'if-modified-since': known.lastModified }),
  }
}

function readFreshness({ headers }: Response): Freshness {
  const lastModified = headers.get('last-modified') ?? undefined
  return {
    etag: headers.get('etag') ?? undefined,
    // RFC 9110 section 8.8.2.1: never later than the answer; sent back, it would hide what is newer.
    lastModified: Date.parse(lastModified ?? '') <= Date.now() ? lastModified : undefined,
  }
}

async function readBytes(response: Response, url: URL): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    // Leaving the loop cancels the body.
    if (size > maximumCrlSize) throw failure(url, `answered with more than ${maximumCrlSize} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function failure(url: URL, problem: string, cause?: unknown): TlsMaterialError {
  return new TlsMaterialError(
    `${url.href}: the CRL server ${problem}.`,
    cause === undefined ? undefined : { cause },
  )
}
