import { RequestError } from '../errors.js'
import { exceedsDepth, hasDuplicateKey } from '../mcp/scan-json.js'
import { checkDecisionKeys, checkNesting } from './check-keys.js'

/** How deep a body may nest, and whether a key given twice is refused. */
export interface JsonLimits {
  readonly depth: number
  readonly uniqueKeys: boolean
}

// A byte order mark stays in the text, where JSON.parse refuses it.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses the body of a request: UTF-8 without byte order mark, JSON of bounded depth whose root is
 * an object or array, without keys that another parser would read differently (prototype keys, case
 * twins of the keys a decision reads; with `uniqueKeys` also any key given twice). Strings arrive
 * exactly as sent. Whether the value is JSON-RPC is not checked.
 *
 * @throws {RequestError} 400 with −32700 for what is not JSON, with −32600 for a refused shape
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  const text = decode(bytes)
  if (exceedsDepth(text, limits.depth)) {
    throw new RequestError(400, -32600, 'the body nests too deeply')
  }
  const value = parse(text)
  if (typeof value !== 'object' || value === null) {
    throw new RequestError(400, -32600, 'the body is neither an object nor an array')
  }
  // Without either spelling no key can be __proto__, and the walk is saved.
  if (text.includes('__proto__') || text.includes('\\u')) checkNesting(value, limits.depth)
  checkDecisionKeys(value)
  if (limits.uniqueKeys && hasDuplicateKey(text)) {
    throw new RequestError(400, -32600, 'a key is given twice')
  }
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw notJson('the body is not UTF-8', error)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notJson('the body is not JSON', error)
  }
}

function notJson(message: string, cause: unknown): RequestError {
  return new RequestError(400, -32700, message, { cause })
}
