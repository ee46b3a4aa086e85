import type { FilteredAnswers } from './filtered-answers.js'

/** What the filter of a JSON answer asks of its owner. */
export interface JsonFilterOptions {
  /** Judges the parsed answer; the same object back means unchanged. */
  readonly rewrite: (message: unknown) => unknown
  /** False only if the text cannot hold anything that is filtered. */
  readonly mayHoldList: (text: string) => boolean
  /** Where filtered answers are remembered; undefined if they are not. */
  readonly remembered?: (() => FilteredAnswers | undefined) | undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Filters the body of a JSON answer, as text or as its bytes. The same value back means that it holds
 * no list and may go out as it is. Otherwise it is what was parsed, written anew, even if nothing was
 * taken out: another parser may read the original differently (a byte order mark, a key given twice).
 *
 * @throws {Error} if the body may hold a list and cannot be parsed, or nothing is left of it
 */
export function filterJson(body: Buffer | string, options: JsonFilterOptions): Buffer | string {
  // UTF-16 and UTF-32 hide a list from a scan for its key; JSON text holds no NUL (RFC 8259 section 7).
  if (body.includes('\0')) throw new Error('the answer holds a NUL')
  if (!options.mayHoldList(body.toString())) return body
  const text = toText(body)
  const remembered = options.remembered?.()
  const known = remembered?.find(text)
  if (known !== undefined) return known
  const rewritten = options.rewrite(JSON.parse(text))
  if (rewritten === undefined) throw new Error('nothing is left of the answer')
  const filtered = JSON.stringify(rewritten)
  remembered?.note(text, filtered)
  return filtered
}

/** Without a byte order mark, which the decoder drops from bytes. */
function toText(body: Buffer | string): string {
  if (typeof body !== 'string') return decoder.decode(body)
  return body.startsWith('\ufeff') ? body.slice(1) : body
}
