import { filterJson, type JsonFilterOptions } from './filter-json.js'

/**
 * Filters the body of an answer that does not say it is JSON: a page, a file, or a list under the
 * wrong content type. As `filterJson`, but bytes with NULs may pass, as they are no JSON in UTF-8. In
 * UTF-16 and UTF-32 they can be: there the ASCII of a key stands between NULs.
 *
 * @throws {Error} if the body may hold a list and cannot be parsed, or nothing is left of it
 */
export function filterOther(body: Buffer | string, options: JsonFilterOptions): Buffer | string {
  if (!body.includes('\0')) return filterJson(body, options)
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (options.mayHoldList(withoutNul(bytes))) throw new Error('the answer holds a NUL')
  return body
}

/** Byte by byte, by index: a regular expression takes seconds for a large file, an iterator three times as long. */
function withoutNul(bytes: Buffer): string {
  const kept = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    kept[length] = byte
    length += byte === 0 ? 0 : 1
  }
  return kept.toString('latin1', 0, length)
}
