import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'

/** What an SSE filter asks of its owner. */
export interface SseFilterOptions {
  /** Judges one parsed message; undefined drops its event. */
  readonly rewrite: (message: unknown) => unknown
  /** False only if the text cannot hold anything that is filtered. */
  readonly mayHoldList: (text: string) => boolean
  /** Rewrites the URL of an `endpoint` event (HTTP+SSE of 2024-11-05). */
  readonly endpoint?: ((url: string) => string) | undefined
  /** Rewrites the id of an event, by which a client asks for what followed it. */
  readonly eventId?: ((id: string) => string) | undefined
  /** The last events of a stream that cannot be filtered, such as errors for the open ids. */
  readonly onUnfilterable?: (() => string) | undefined
  /** Characters of one event that may be held; 64 Mi if absent. */
  readonly maxLength?: number | undefined
}

/** An event stream on its way through; every chunk in gives the text to send on. */
export interface SseFilter {
  readonly push: (chunk: Uint8Array) => string
  /** Ends the stream; an event without its blank line is dropped, as a client drops it. */
  readonly end: () => string
  /** Gives the stream up: the last events, and nothing ever after. */
  readonly fail: () => string
  /** True once the stream was given up; what came out before was complete. */
  readonly failed: boolean
}

/** What has been written and not yet taken. */
interface Output {
  text: string
  failed: boolean
}

const DEFAULT_MAX_LENGTH = 64 * 1024 * 1024
const PLAIN_COMMENT = /^[\w .-]{0,64}$/
// What some line readers take for the end of a line (Python's `splitlines`), and end one field with.
const LINE_END = /[\p{Cc}\p{Zl}\p{Zp}]/u
const URI_REFERENCE = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/

/**
 * Creates a filter for one event stream. It reads with the parser the MCP clients use, hands every
 * message to `rewrite`, and writes each event anew (`event`, `id`, `data`), so that a client cannot
 * read anything the filter did not. Data that is not JSON ends the stream (except the URL of an
 * `endpoint` event, and empty data), and so do a type or id with a character that some readers take for
 * the end of a line, and an exception of `rewrite`. Fields that clients ignore do not pass, nor does the
 * text of a comment that is more than plain words.
 *
 * The output does not depend on how the bytes are cut into chunks.
 */
export function createSseFilter(options: SseFilterOptions): SseFilter {
  const decoder = new TextDecoder()
  const output: Output = { text: '', failed: false }
  const parser = createEventParser(options, output)
  const toLineFeeds = createLineFeeds()

  const feed = (text: string): string => {
    if (!output.failed && text !== '') parser.feed(toLineFeeds(text))
    return take(output)
  }
  return {
    push: (chunk) => feed(decoder.decode(chunk, { stream: true })),
    end: () => feed(decoder.decode()),
    fail: () => {
      giveUp(options, output)
      return take(output)
    },
    get failed() {
      return output.failed
    },
  }
}

/** One `message` event that carries a JSON-RPC message. */
export function toSseEvent(message: unknown): string {
  return writeEvent({ event: 'message', id: undefined }, JSON.stringify(message))
}

/**
 * Ends every line with LF. The parser holds a CR at the end of a chunk back, and with it a whole event,
 * until another line ends: where the chunks are cut would decide what comes out.
 */
function createLineFeeds(): (text: string) => string {
  let afterReturn = false
  return (text) => {
    const rest = afterReturn && text.startsWith('\n') ? text.slice(1) : text
    afterReturn = text.endsWith('\r')
    return rest.includes('\r') ? rest.replaceAll(/\r\n?/g, '\n') : rest
  }
}

function createEventParser(options: SseFilterOptions, output: Output): EventSourceParser {
  const emit = (write: () => string): void => {
    if (output.failed) return
    try {
      output.text += write()
    } catch {
      giveUp(options, output)
    }
  }
  const parser = createParser({
    onEvent: (event) => emit(() => rewriteEvent(rewriteId(event, options), options)),
    onComment: (text) => emit(() => `: ${PLAIN_COMMENT.test(text) ? text : ''}\n\n`),
    onRetry: (milliseconds) => emit(() => `retry: ${milliseconds}\n`),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') giveUp(options, output)
    },
    maxBufferSize: options.maxLength ?? DEFAULT_MAX_LENGTH,
  })
  // The parser takes the Latin-1 look of a byte order mark off its first chunk; the decoder removes
  // a real one, and nothing may depend on where the first chunk ends.
  parser.feed('')
  return parser
}

/** An empty id makes a client forget the last one; it names no event. */
function rewriteId(event: EventSourceMessage, { eventId }: SseFilterOptions): EventSourceMessage {
  return eventId && event.id ? { ...event, id: eventId(event.id) } : event
}

function rewriteEvent(event: EventSourceMessage, options: SseFilterOptions): string {
  if (LINE_END.test(`${event.event ?? ''}${event.id ?? ''}`)) {
    throw new Error('an event whose type or id holds the end of a line')
  }
  if (event.data === '') return writeEvent(event, '')
  if (event.event === 'endpoint' && URI_REFERENCE.test(event.data)) {
    return writeEvent(event, options.endpoint?.(event.data) ?? event.data)
  }
  const message: unknown = JSON.parse(event.data)
  const rewritten = options.rewrite(message)
  if (rewritten === undefined) return ''
  // What may hold a list leaves as it was parsed: another parser may read the original text
  // differently (a key given twice). Other messages keep their text, and so their exact numbers.
  const isUntouched = rewritten === message && !options.mayHoldList(event.data)
  return writeEvent(event, isUntouched ? event.data : JSON.stringify(rewritten))
}

function writeEvent(event: Pick<EventSourceMessage, 'event' | 'id'>, data: string): string {
  const type = event.event === undefined ? '' : `event: ${event.event}\n`
  const id = event.id === undefined ? '' : `id: ${event.id}\n`
  return `${type}${id}data: ${data.replaceAll('\n', '\ndata: ')}\n\n`
}

function giveUp(options: SseFilterOptions, output: Output): void {
  if (output.failed) return
  output.failed = true
  try {
    output.text += options.onUnfilterable?.() ?? ''
  } catch {
    // The stream ends without a last word; it ends all the same.
  }
}

function take(output: Output): string {
  const { text } = output
  output.text = ''
  return text
}
