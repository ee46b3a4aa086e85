import type { HttpResponse } from './write-answer.js'

/** The head of an answer before it is sent. Names are case-insensitive. */
export interface ResponseHead {
  readonly status: number
  readonly get: (name: string) => string | undefined
  readonly set: (name: string, value: string) => void
  readonly remove: (name: string) => void
}

/** How an answer is treated: filtered as JSON, as what may be JSON, or as events, passed on, or refused. */
export type AnswerKind = 'json' | 'other' | 'sse' | 'pass' | 'refuse'

// Node sends no body with these; with 205 it does, over HTTP/1.
const BODYLESS: ReadonlySet<number> = new Set([204, 304])
const PARTIAL_CONTENT = 206
const JSON_TYPES = /json|text\/plain|^\s*$/
// No text, and too large to hold where they stream. One type alone: no suffix as in svg+xml, no second slash.
const NO_TEXT =
  /^\s*(?:(?:audio|font|image|video)\/[\w.-]+|application\/(?:pdf|wasm|zip))\s*(?:;[^/]*)?$/
const CHARSET = /charset\s*=\s*["']?([^\s;,"']*)/
const UTF8: ReadonlySet<string> = new Set(['', 'utf-8', 'utf8', 'us-ascii'])
// What is looked for in a text is ASCII, and ASCII stands in these as it does in UTF-8.
const LIKE_ASCII = /^(?:binary|iso-8859-\d+|windows-125\d)$/

/**
 * Applies the arguments of a `writeHead` call to the response, in any form Node takes (reason or
 * not; headers as object, flat list or pairs), on top of what `setHeader` left. Nothing is sent.
 *
 * @throws {RangeError} for a status Node would refuse
 * @throws {TypeError} for a header Node would refuse
 */
export function applyHead(res: HttpResponse, args: readonly unknown[]): string | undefined {
  const status = toStatus(args[0])
  const reason = typeof args[1] === 'string' ? args[1] : undefined
  const headers = reason === undefined ? (args[1] ?? args[2]) : args[2]
  if (!applySimple(res, headers)) applyFields(res, headers)
  res.statusCode = status
  return reason
}

function applyFields(res: HttpResponse, headers: unknown): void {
  for (const [name, values] of toFields(headers)) {
    const [first, ...others] = values
    if (first !== undefined) res.setHeader(name, others.length === 0 ? first : values)
  }
}

/** Sets headers given as an object of texts and numbers, each name once; false, and nothing set, for any other form. */
function applySimple(res: HttpResponse, headers: unknown): boolean {
  if (headers === undefined || headers === null) return true
  if (typeof headers !== 'object' || Array.isArray(headers)) return false
  const fields: Readonly<Record<string, unknown>> = { ...headers }
  const names = Object.keys(fields)
  if (!names.every((name) => isSimple(fields[name])) || hasTwins(names)) return false
  for (const name of names) {
    const value = fields[name]
    if (isSimple(value)) res.setHeader(name, value)
  }
  return true
}

function isSimple(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

/** Whether two names differ in case only; names in lower case alone, as most servers write them, cannot. */
function hasTwins(names: readonly string[]): boolean {
  if (names.every((name) => name === name.toLowerCase())) return false
  return new Set(names.map((name) => name.toLowerCase())).size < names.length
}

function toStatus(value: unknown): number {
  const status = Number(value)
  if (Number.isInteger(status) && status >= 100 && status <= 999) return status
  throw new RangeError(`invalid status code ${String(value)}`)
}

/**
 * Tells how to treat the answer whose head is set on `res`. Deliberately as broad as the broadest
 * client, one of which looks for the media type anywhere in the header, and as a peer that reads by hand:
 * every type is held but those that are plainly no text. A part of a text, which nobody can judge, is
 * refused, and so is an encoded one.
 */
export function answerKind(res: HttpResponse): AnswerKind {
  if (BODYLESS.has(res.statusCode)) return 'pass'
  const kind = kindOfType(String(res.getHeader('content-type') ?? ''))
  if (kind === 'pass') return kind
  return res.statusCode === PARTIAL_CONTENT || isEncoded(res) ? 'refuse' : kind
}

// A server answers with one type almost always.
let last: { readonly type: string; readonly kind: AnswerKind } = { type: '', kind: 'json' }

function kindOfType(type: string): AnswerKind {
  if (type !== last.type) last = { type, kind: judgeType(type.toLowerCase()) }
  return last.kind
}

function judgeType(type: string): AnswerKind {
  const isEvents = type.includes('text/event-stream')
  const isJson = JSON_TYPES.test(type)
  if (isEvents) return isJson ? 'refuse' : 'sse'
  const charset = CHARSET.exec(type)?.[1] ?? ''
  if (isJson) return UTF8.has(charset) ? 'json' : 'refuse'
  if (NO_TEXT.test(type)) return 'pass'
  return UTF8.has(charset) || LIKE_ASCII.test(charset) ? 'other' : 'refuse'
}

/** True if the body's bytes are not the text itself. */
export function isEncoded(res: HttpResponse): boolean {
  return (
    !isValue(res, 'content-encoding', 'identity') || !isValue(res, 'transfer-encoding', 'chunked')
  )
}

function isValue(res: HttpResponse, name: string, plain: string): boolean {
  const value = res.getHeader(name)
  return value === undefined || String(value).toLowerCase().trim() === plain
}

/** Removes the headers that are true of one sequence of bytes only. */
export function removeBodyHeaders(res: HttpResponse): void {
  for (const name of ['content-digest', 'content-md5', 'digest', 'etag', 'repr-digest']) {
    res.removeHeader(name)
  }
  res.removeHeader('content-length')
}

/** Says how long the body is, and that it comes in one piece. */
export function setLength(res: HttpResponse, length: number): void {
  if (res.hasHeader('transfer-encoding')) res.removeHeader('transfer-encoding')
  if (res.getHeader('content-length') !== length) res.setHeader('content-length', length)
}

/** The head as something a handler may read and change. */
export function toResponseHead(res: HttpResponse): ResponseHead {
  return {
    status: res.statusCode,
    get: (name) => {
      const value = res.getHeader(name)
      return value === undefined ? undefined : String(value)
    },
    set: (name, value) => {
      res.setHeader(name, value)
    },
    remove: (name) => {
      res.removeHeader(name)
    },
  }
}

/** Header fields by lower-case name, repeated ones in order. */
function toFields(headers: unknown): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>()
  for (const [name, value] of toPairs(headers)) {
    if (value === undefined) throw new TypeError(`invalid value "undefined" for header ${name}`)
    const values = (Array.isArray(value) ? value : [value]).map(String)
    const lower = String(name).toLowerCase()
    fields.set(lower, [...(fields.get(lower) ?? []), ...values])
  }
  return fields
}

function toPairs(headers: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof headers !== 'object' || headers === null) return []
  if (!Array.isArray(headers)) return Object.entries(headers)
  const list: readonly unknown[] = headers
  if (Array.isArray(list[0])) {
    return list.map((pair) => (Array.isArray(pair) ? [pair[0], pair[1]] : [pair, undefined]))
  }
  if (list.length % 2 !== 0) throw new TypeError('a flat list of headers has an odd length')
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1]] as const] : []))
}
