import { RequestError } from '../errors.js'
import { checkDecisionKeys, checkNesting, isPlainObject } from './check-keys.js'
import { type HttpRequest, replaceHeader, singleHeader } from './headers.js'
import { requireJsonBody } from './media-type.js'
import { type JsonLimits, parseJson } from './parse-json.js'
import { putBack, readArrived, readStream, tooLarge } from './read-stream.js'

/** The bounds of a request's body. */
export interface BodyLimits extends JsonLimits {
  readonly bodyBytes: number
}

const DEFAULT_LIMITS: JsonLimits = { depth: 64, uniqueKeys: false }

/** A body as parsed and as sent. */
export interface RequestBody {
  readonly value: unknown
  readonly raw: Buffer
}

/**
 * Reads and parses the JSON body of a request within its bounds. The bytes are put back into the
 * stream before it ends, so that whoever reads the request next gets them again; see `restoreBody`.
 * How long a peer may take is bounded by the server's `requestTimeout`, not here.
 *
 * @throws {RequestError} 415 for another content type or a stream that was read before, 413 beyond
 *   `bodyBytes`, 400 for a body that is cut off or that `parseJson` refuses
 */
export async function readBody(req: HttpRequest, limits: BodyLimits): Promise<RequestBody> {
  checkHead(req, limits)
  const raw = await readStream(req, limits.bodyBytes)
  return { value: parseJson(raw, limits), raw }
}

/**
 * As `readBody`, for a body that has arrived as a whole; undefined if some of it is still to come, with
 * nothing read.
 *
 * @throws {RequestError} as `readBody`
 */
export function readArrivedBody(req: HttpRequest, limits: BodyLimits): RequestBody | undefined {
  checkHead(req, limits)
  const raw = readArrived(req, limits.bodyBytes)
  return raw && { value: parseJson(raw, limits), raw }
}

function checkHead(req: HttpRequest, limits: BodyLimits): void {
  requireJsonBody(req)
  if (!isUnread(req)) throw new RequestError(415, -32600, 'the body was read before')
  const announced = singleHeader(req, 'content-length')
  if (announced !== undefined && Number(announced) > limits.bodyBytes) throw tooLarge()
}

interface Shown {
  body?: unknown
  rawBody?: Buffer
  /** Tells the body-parser of Express 4 that `body` is filled. */
  _body?: boolean
}

/** Shows a body that was read to whoever comes next: `body` is the value that was judged, `rawBody` its bytes. */
export function exposeBody(req: HttpRequest, body: RequestBody): void {
  const shown: HttpRequest & Shown = req
  shown.body = body.value
  shown.rawBody = body.raw
  shown._body = true
}

/**
 * Leaves a request as if its body had not been read, for whoever comes next: `body` is the value
 * that was judged, `rawBody` its bytes, and the stream yields `raw` however it is read (events,
 * `pipe`, async iterator, a body parser). Where the value was changed after reading, `raw` must be
 * its new text; `Content-Length` follows. A stream that was read to its end meanwhile stays so.
 * Only for a request that `readBody` has read.
 */
export function restoreBody(req: HttpRequest, body: RequestBody): void {
  exposeBody(req, body)
  if (req.readableEnded || req.destroyed) return
  let rest: unknown = req.read()
  while (rest !== null) rest = req.read()
  // INVARIANT: in the same tick as the last read, before 'end' is emitted.
  putBack(req, body.raw)
  correctLength(req, String(body.raw.length))
}

/**
 * Takes the body a parser of the host left in `req.body`: the same object, after the same checks as
 * a body read here. Undefined where the stream is still whole, whatever `req.body` holds (Express 4
 * puts `{}` there without reading): then `readBody` is to be used.
 *
 * The bounds on bytes and the encoding were the host parser's. Keys given twice cannot be seen any
 * more, so with `uniqueKeys` a host body is refused.
 *
 * @throws {RequestError} 415 if the stream was read and left no object, or the content type is not
 *   JSON; 400 for refused keys or nesting
 */
export function takeHostBody(
  req: HttpRequest,
  limits: JsonLimits = DEFAULT_LIMITS,
): object | undefined {
  if (isUnread(req)) return undefined
  requireJsonBody(req)
  const body: unknown = Reflect.get(req, 'body')
  if (limits.uniqueKeys) {
    throw new RequestError(
      415,
      -32600,
      'limits.uniqueKeys needs the raw body: mount the guard before the body parser',
    )
  }
  return checkHostBody(body, limits.depth)
}

/**
 * Checks a value that a host's parser produced, and returns it.
 *
 * @throws {RequestError} 415 for anything but a plain object or array, 400 for refused keys or nesting
 */
export function checkHostBody(value: unknown, depth: number): object {
  if (!isPlainObject(value) && !Array.isArray(value)) {
    throw new RequestError(415, -32600, 'the host parser left no JSON object')
  }
  checkNesting(value, depth)
  checkDecisionKeys(value)
  return value
}

/** True while nobody has read from the request or changed how it is read. */
function isUnread(req: HttpRequest): boolean {
  return (
    !req.readableEnded && !req.readableDidRead && !req.destroyed && req.readableEncoding === null
  )
}

function correctLength(req: HttpRequest, length: string): void {
  if (req.headers['content-length'] === undefined) return
  replaceHeader(req, 'content-length', length)
}
