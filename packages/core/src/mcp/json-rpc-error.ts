/** The id of a JSON-RPC request: what MCP allows, and what survives being parsed and written again. */
export type RequestId = string | number

/** JSON-RPC 2.0 section 5.1: the body is not JSON. */
export const PARSE_ERROR = -32700
/** JSON-RPC 2.0 section 5.1: JSON, but not a request this server can judge. */
export const INVALID_REQUEST = -32600
/** JSON-RPC 2.0 section 5.1: the method is not known. */
export const METHOD_NOT_FOUND = -32601
/** JSON-RPC 2.0 section 5.1; in MCP also a broken `_meta` envelope and an unknown task. */
export const INVALID_PARAMS = -32602
/** JSON-RPC 2.0 section 5.1: what has to be known for an answer is not available. */
export const INTERNAL_ERROR = -32603
/** MCP before 2026-07-28: the session is not known, or is another principal's. */
export const SESSION_NOT_FOUND = -32001
/** MCP 2026-07-28, HeaderMismatch: the request headers and the body disagree. */
export const HEADER_MISMATCH = -32020
/** No acceptable credential. Own codes lie outside -32768…-32000, which is reserved. */
export const UNAUTHENTICATED = -31401
/** The policy does not allow the operation. */
export const DENIED = -31403
/** Too many requests. */
export const RATE_LIMITED = -31429

/** One JSON-RPC error answer. */
export interface JsonRpcError {
  readonly jsonrpc: '2.0'
  readonly id: RequestId | null
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown }
}

// The text never depends on the request, so that a denied name and an unknown one read the same.
const texts: ReadonlyMap<number, string> = new Map([
  [PARSE_ERROR, 'Parse error'],
  [INVALID_REQUEST, 'Invalid request'],
  [METHOD_NOT_FOUND, 'Method not found'],
  [INVALID_PARAMS, 'Invalid params'],
  [INTERNAL_ERROR, 'Internal error'],
  [SESSION_NOT_FOUND, 'Session not found'],
  [HEADER_MISMATCH, 'The request headers and the body disagree'],
  [UNAUTHENTICATED, 'Authentication required'],
  [DENIED, 'Not allowed'],
  [RATE_LIMITED, 'Too many requests'],
])

/**
 * The error answer for a code, with the one text that belongs to it. A code that is not one of this
 * library's is answered with the text of an internal error.
 *
 * `id` is `null` where the request was refused before its id was read.
 */
export function jsonRpcError(id: RequestId | null, code: number, data?: unknown): JsonRpcError {
  const message = texts.get(code) ?? 'Internal error'
  return {
    jsonrpc: '2.0',
    id,
    error: data === undefined ? { code, message } : { code, message, data },
  }
}
