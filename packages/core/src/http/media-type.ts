import { RequestError } from '../errors.js'
import { type HttpRequest, singleHeader } from './headers.js'

const CHARSETS: ReadonlySet<string> = new Set(['charset=utf-8', 'charset="utf-8"', 'charset=', ''])

/**
 * Checks that a request says its body is plain JSON: media type `application/json`, no charset but
 * UTF-8, no other parameter, no content encoding. An empty parameter and an empty charset are
 * accepted, since every MCP server accepts them.
 *
 * @throws {RequestError} 415, −32600; 400, −32600 if one of the headers is sent twice
 */
export function requireJsonBody(req: HttpRequest): void {
  if (!isJsonMediaType(singleHeader(req, 'content-type'))) {
    throw new RequestError(415, -32600, 'the content type is not application/json')
  }
  const encoding = singleHeader(req, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new RequestError(415, -32600, 'the body has a content encoding')
  }
}

function isJsonMediaType(value: string | undefined): boolean {
  if (value === 'application/json') return true
  if (value === undefined) return false
  const [type, ...parameters] = value.split(';').map((part) => part.trim().toLowerCase())
  return type === 'application/json' && parameters.every((parameter) => CHARSETS.has(parameter))
}
