import { RequestError } from '../errors.js'
import type { HttpRequest } from './headers.js'

/** What Node's streams keep to themselves. */
interface Internals {
  readonly _readableState?: { readonly ended?: unknown }
  /** Whether somebody has begun to read the body. */
  _consuming?: boolean
}

/**
 * Reads a request to its end and puts the bytes back before the stream has ended, so that they can
 * be read again.
 *
 * @throws {RequestError} 413 beyond `bound` bytes, 400 if the request is cut off
 */
export function readStream(req: HttpRequest, bound: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const settle = (error?: Error): void => {
      req.off('readable', onReadable).off('end', onEnd).off('error', onError).off('close', onClose)
      if (error !== undefined) {
        reject(error)
        return
      }
      const raw = Buffer.concat(chunks)
      // INVARIANT: in the same tick in which the source ended, before 'end' is emitted.
      if (!req.readableEnded && raw.length > 0) putBack(req, raw)
      resolve(raw)
    }
    let room = bound
    const onReadable = (): void => {
      for (const chunk of drain(req)) {
        chunks.push(chunk)
        room -= chunk.length
      }
      if (room < 0) settle(tooLarge())
      else if (hasSourceEnded(req)) settle()
    }
    const onEnd = (): void => settle()
    const onError = (cause: Error): void => settle(cutOff(cause))
    const onClose = (): void => settle(cutOff())
    req.on('readable', onReadable).on('end', onEnd).on('error', onError).on('close', onClose)
  })
}

/**
 * Reads a request that has arrived as a whole, and puts the bytes back; undefined if some of it is
 * still to come, with nothing read.
 *
 * @throws {RequestError} 413 beyond `bound` bytes
 */
export function readArrived(req: HttpRequest, bound: number): Buffer | undefined {
  if (req.readableLength === 0 || !hasArrived(req)) return undefined
  if (req.readableLength > bound) throw tooLarge()
  const raw = readBuffered(req)
  // INVARIANT: in the same tick as the read, before 'end' is emitted.
  putBack(req, raw)
  return raw
}

/** All the stream holds: up to Node 24 one `read` gives that, from Node 26 it gives one chunk. */
function readBuffered(req: HttpRequest): Buffer {
  let raw = readChunk(req) ?? Buffer.alloc(0)
  while (req.readableLength > 0) {
    const next = readChunk(req)
    if (next === undefined) break
    raw = Buffer.concat([raw, next])
  }
  return raw
}

function readChunk(req: HttpRequest): Buffer | undefined {
  const chunk: unknown = req.read()
  if (chunk === null) return undefined
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
}

/**
 * Puts what was read back, for whoever reads next. If nobody does, Node has to throw it away once the
 * request is answered, as it does with a body nobody has begun to read: else the connection holds on to
 * the request, and to all that hangs on it, until the next one.
 */
export function putBack(req: HttpRequest, raw: Buffer): void {
  req.unshift(raw)
  const source: HttpRequest & Internals = req
  source._consuming = false
}

/** Its last bytes are there before Node says that they were the last. */
function hasArrived(req: HttpRequest): boolean {
  if (hasSourceEnded(req)) return true
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers
  return coding === undefined && length === String(req.readableLength)
}

/** The refusal of a body beyond its bound. */
export function tooLarge(): RequestError {
  return new RequestError(413, -32600, 'the body is too large')
}

/** What the stream has at hand, which is never more than its buffer and one chunk of the socket. */
function* drain(req: HttpRequest): Generator<Buffer> {
  for (let chunk: unknown = req.read(); chunk !== null; chunk = req.read()) {
    yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
  }
}

/** The source has pushed its end, whether or not 'end' was emitted; streams have no public name for it. */
function hasSourceEnded(req: HttpRequest): boolean {
  const source: HttpRequest & Internals = req
  return source._readableState?.ended === true
}

function cutOff(cause?: Error): RequestError {
  return new RequestError(400, -32600, 'the body is cut off', { cause })
}
