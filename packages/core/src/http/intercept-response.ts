import { filterOther } from './filter-other.js'
import { holdHead, releaseHead } from './hold-head.js'
import {
  createInterception,
  endStream,
  endWith,
  events,
  fail,
  type InterceptionState,
  type ResponseHandlers,
  sendHead,
} from './interception.js'
import {
  type AnswerKind,
  answerKind,
  applyHead,
  isEncoded,
  removeBodyHeaders,
  setLength,
  toResponseHead,
} from './response-head.js'
import type { HttpResponse } from './write-answer.js'
import { parseWriteArguments, toBuffer, type WriteArguments } from './write-arguments.js'

/** A response whose answer passes through the filter. */
export interface Interception {
  /**
   * Gives the answer up where it stands: `failure()` if nothing was sent, `onUnfilterable()` and the
   * end on an event stream, destroyed if anything else is on its way. What the app writes later is
   * swallowed.
   */
  readonly fail: () => void
}

const DEFAULT_MAX_HELD = 64 * 1024 * 1024

/**
 * Puts the filter into a response, before the app has it. Event streams are rewritten event by event;
 * what is plainly no text (images, audio, video, fonts, PDF, zip, WebAssembly) passes; an answer of any
 * other type, or of none, is held until its end and parsed only where `mayHoldList` says so. Whatever cannot
 * be filtered (an encoded body, a part of one, no JSON where a list may be, an exception of a handler)
 * ends as `failure()` or `onUnfilterable()`, never as sent.
 *
 * Not covered: an app that writes past the response, to the socket or by `respond` of the HTTP/2
 * stream. A middleware that compresses has to be mounted before the guard.
 */
export function interceptResponse(res: HttpResponse, handlers: ResponseHandlers): Interception {
  const state = createInterception(res, handlers)
  // Not four assignments: with those V8 comes to allocate parts of responses among its old objects, where what
  // has ended is kept, and all it knows, until the next full collection.
  Object.assign(res, {
    writeHead: (...args: readonly unknown[]) => writeHead(state, args),
    write: (...args: readonly unknown[]) => write(state, args),
    end: (...args: readonly unknown[]) => end(state, args),
    flushHeaders: () => flushHeaders(state),
  })
  return { fail: () => fail(state) }
}

function writeHead(state: InterceptionState, args: readonly unknown[]): HttpResponse {
  if (state.mode === 'held') {
    const message = 'Cannot write headers after they are sent to the client'
    throw Object.assign(new Error(message), { code: 'ERR_HTTP_HEADERS_SENT' })
  }
  if (state.mode === 'idle') begin(state, args)
  else if (state.mode !== 'dead') Reflect.apply(state.original.writeHead, state.res, args)
  return state.res
}

function begin(state: InterceptionState, args: readonly unknown[]): void {
  state.reason = applyHead(state.res, args)
  const kind = judgeHead(state)
  if (kind === 'refuse') fail(state)
  else if (kind === 'json' || kind === 'other') {
    if (kind === 'other') state.filterBody = filterOther
    state.mode = 'held'
    // Where the answer ends at once there is nobody to ask.
    if (!state.ending) holdHead(state.res)
  } else {
    if (kind === 'sse') removeBodyHeaders(state.res)
    state.mode = kind
    sendHead(state)
  }
}

function judgeHead(state: InterceptionState): AnswerKind {
  try {
    state.handlers.onHead?.(toResponseHead(state.res))
    return state.isHead ? 'pass' : answerKind(state.res)
  } catch {
    return 'refuse'
  }
}

function ensureHead({ mode, res }: InterceptionState): void {
  // Through the response, where a middleware may have put its own writeHead over ours.
  if (mode === 'idle') res.writeHead(res.statusCode)
}

function flushHeaders(state: InterceptionState): void {
  ensureHead(state)
  const isSent = state.mode === 'sse' || state.mode === 'pass'
  const { flushHeaders: flush } = state.original
  if (isSent && flush !== undefined) Reflect.apply(flush, state.res, [])
}

function write(state: InterceptionState, args: readonly unknown[]): boolean {
  ensureHead(state)
  if (state.mode === 'pass') return Reflect.apply(state.original.write, state.res, args) !== false
  const given = parseWriteArguments(args)
  if (state.mode === 'held') hold(state, given)
  else if (state.mode === 'sse') return writeEvents(state, given)
  if (given.callback !== undefined) process.nextTick(given.callback)
  return true
}

function hold(state: InterceptionState, given: WriteArguments): void {
  // A copy, since the writer may use its buffer again once its callback ran.
  const chunk = toBuffer(given)
  state.held ??= []
  state.held.push(chunk)
  state.heldBytes += chunk.length
  if (state.heldBytes > (state.handlers.maxHeld ?? DEFAULT_MAX_HELD)) fail(state)
}

function writeEvents(state: InterceptionState, given: WriteArguments): boolean {
  const text = events(state).push(toBuffer(given))
  if (events(state).failed) {
    endStream(state, text, given.callback)
    return true
  }
  if (text !== '') {
    const args = [text, 'utf8', given.callback]
    return Reflect.apply(state.original.write, state.res, args) !== false
  }
  if (given.callback !== undefined) process.nextTick(given.callback)
  return !('stream' in state.res ? state.res.stream : state.res).writableNeedDrain
}

function end(state: InterceptionState, args: readonly unknown[]): HttpResponse {
  state.ending = true
  ensureHead(state)
  const { res } = state
  if (state.mode === 'pass') {
    Reflect.apply(state.original.end, res, args)
    return res
  }
  const given = parseWriteArguments(args)
  if (state.mode === 'held') endHeld(state, given)
  else if (state.mode === 'sse') endEvents(state, given)
  else if (given.callback !== undefined) process.nextTick(given.callback)
  return res
}

function endHeld(state: InterceptionState, given: WriteArguments): void {
  const whole = readWhole(state, given)
  if (whole === undefined) hold(state, given)
  const body =
    state.mode === 'held'
      ? release(state, whole ?? Buffer.concat(state.held ?? [], state.heldBytes))
      : undefined
  if (body !== undefined) {
    endWith(state, body, given.callback)
    return
  }
  fail(state)
  if (given.callback !== undefined) process.nextTick(given.callback)
}

/** The answer where it comes in one piece of text, as most do: Node sends that together with its head. */
function readWhole(
  { held, handlers }: InterceptionState,
  { chunk, encoding }: WriteArguments,
): string | undefined {
  if (typeof chunk !== 'string' || encoding !== 'utf8' || held !== undefined) return undefined
  return chunk.length * 3 <= (handlers.maxHeld ?? DEFAULT_MAX_HELD) ? chunk : undefined
}

/** Sends the head of a held answer and returns its filtered body, or undefined if it has to fail. */
function release(state: InterceptionState, body: Buffer | string): Buffer | string | undefined {
  const { res } = state
  try {
    const filtered = isEncoded(res) ? undefined : state.filterBody(body, state.handlers)
    if (filtered === undefined) return undefined
    releaseHead(res)
    if (filtered !== body) removeBodyHeaders(res)
    setLength(res, Buffer.byteLength(filtered))
    state.mode = 'pass'
    sendHead(state)
    return filtered
  } catch {
    state.mode = 'held'
    return undefined
  }
}

function endEvents(state: InterceptionState, given: WriteArguments): void {
  const pushed = events(state).push(toBuffer(given))
  const text = pushed + events(state).end()
  endWith(state, text, given.callback)
  if (events(state).failed) state.mode = 'dead'
}
