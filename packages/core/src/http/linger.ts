import type { ServerResponse } from 'node:http'

const LINGER_MILLISECONDS = 1000
const LINGER_BYTES = 65_536

/**
 * Writes a body and ends a response that closes its connection. While the request is still
 * arriving the end waits, for a second and 64 KiB at most: closing a socket with unread bytes makes
 * the kernel reset it, and the peer then loses the answer (RFC 9112 section 9.6). The
 * `Content-Length` already tells the peer that the answer is complete.
 */
export function endAfterRequest(res: ServerResponse, body: string | undefined): void {
  const { req } = res
  if (req?.complete !== false || req.destroyed) {
    res.end(body)
    return
  }
  if (body === undefined) res.flushHeaders()
  else res.write(body)
  let read = 0
  const finish = (): void => {
    clearTimeout(timer)
    req.off('data', onData).off('end', finish).off('close', finish).off('error', finish)
    if (!res.writableEnded) res.end()
  }
  const onData = (chunk: Buffer | string): void => {
    read += chunk.length
    if (read > LINGER_BYTES) req.pause()
  }
  const timer = setTimeout(finish, LINGER_MILLISECONDS).unref()
  req.on('data', onData).on('end', finish).on('close', finish).on('error', finish)
  req.resume()
}
