import { createSseFilter, type SseFilter } from '../mcp/sse.js'
import { filterJson, type JsonFilterOptions } from './filter-json.js'
import { releaseHead } from './hold-head.js'
import type { ResponseHead } from './response-head.js'
import { type Answer, type HttpResponse, setAnswerHead } from './write-answer.js'

/** What the interceptor asks of its owner; see `JsonFilterOptions` and `SseFilterOptions`. */
export interface ResponseHandlers extends JsonFilterOptions {
  /** Sees, and may change, the head of every answer before it is sent. */
  readonly onHead?: ((head: ResponseHead) => void) | undefined
  readonly endpoint?: ((url: string) => string) | undefined
  readonly eventId?: ((id: string) => string) | undefined
  /** The answer in place of one that cannot be filtered. */
  readonly failure: () => Answer
  /** The last events of a stream that cannot be filtered. */
  readonly onUnfilterable?: (() => string) | undefined
  /** Bytes of an answer held back, or characters of one event, that may be held; 64 MiB if absent. */
  readonly maxHeld?: number | undefined
}

/** Not begun; held back to its end; events passing the filter; passing as it is; given up. */
type Mode = 'idle' | 'held' | 'sse' | 'pass' | 'dead'

/** The methods an answer is written with. */
interface WriteMethods {
  writeHead(...args: readonly unknown[]): unknown
  write(...args: readonly unknown[]): unknown
  end(...args: readonly unknown[]): unknown
  // Node's types know it on HTTP/1 only.
  flushHeaders?: (() => unknown) | undefined
}

/** Where an intercepted answer stands. */
export interface InterceptionState {
  readonly res: HttpResponse
  readonly handlers: ResponseHandlers
  readonly original: Readonly<WriteMethods>
  /** The request was HEAD when it came, which is when Node decides to send no body. */
  readonly isHead: boolean
  /** Filters what is held back. */
  filterBody: typeof filterJson
  filter: SseFilter | undefined
  /** What was written of an answer held back; undefined before anything was. */
  held: Buffer[] | undefined
  heldBytes: number
  mode: Mode
  /** The writer has called `end`; there is no answer to come. */
  ending: boolean
  reason: string | undefined
}

/** Starts an interception; nothing of the response is changed yet. */
export function createInterception(
  res: HttpResponse,
  handlers: ResponseHandlers,
): InterceptionState {
  const { writeHead, write, end, flushHeaders }: WriteMethods = res
  return {
    res,
    handlers,
    original: { writeHead, write, end, flushHeaders },
    isHead: res.req?.method === 'HEAD',
    filterBody: filterJson,
    filter: undefined,
    held: undefined,
    heldBytes: 0,
    mode: 'idle',
    ending: false,
    reason: undefined,
  }
}

/** Sends the head that is set on the response, past the interceptor. */
export function sendHead({ res, original, reason }: InterceptionState): void {
  const args = reason === undefined ? [res.statusCode] : [res.statusCode, reason]
  Reflect.apply(original.writeHead, res, args)
}

/** The filter of an event stream, made when the first is needed. */
export function events(state: InterceptionState): SseFilter {
  state.filter ??= createSseFilter({ ...state.handlers, maxLength: state.handlers.maxHeld })
  return state.filter
}

/** Ends the response past the interceptor. */
export function endWith(
  state: InterceptionState,
  body: string | Buffer,
  callback?: () => void,
): void {
  // INVARIANT: before the original runs, since some `end` calls `this.write` and `this.writeHead`.
  state.mode = 'pass'
  Reflect.apply(state.original.end, state.res, [body, 'utf8', callback])
}

/** Ends an event stream for good: an application that writes when it sees the end writes to nobody. */
export function endStream(
  state: InterceptionState,
  lastEvents: string,
  callback?: () => void,
): void {
  if (lastEvents !== '') Reflect.apply(state.original.write, state.res, [lastEvents, 'utf8'])
  state.mode = 'dead'
  Reflect.apply(state.original.end, state.res, [callback])
}

/** Gives the answer up where it stands; see `Interception.fail`. */
export function fail(state: InterceptionState): void {
  const { mode, res } = state
  if (mode === 'dead' || res.writableEnded) return
  if (mode === 'held') releaseHead(res)
  state.held = undefined
  if (mode === 'sse') endStream(state, events(state).fail())
  else if (mode === 'pass' || res.headersSent) res.destroy()
  else answerFailure(state)
  state.mode = 'dead'
}

function answerFailure(state: InterceptionState): void {
  const { res } = state
  state.mode = 'pass'
  state.reason = undefined
  try {
    const answer = state.handlers.failure()
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    setAnswerHead(res, answer)
    sendHead(state)
    endWith(state, answer.body ?? '')
  } catch {
    res.destroy()
  }
}
