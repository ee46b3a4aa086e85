import { describe, expect, it } from 'vitest'
import * as errors from '../../src/mcp/json-rpc-error.js'

describe('jsonRpcError', () => {
  it.each([
    [errors.PARSE_ERROR, -32700, 'Parse error'],
    [errors.INVALID_REQUEST, -32600, 'Invalid request'],
    [errors.METHOD_NOT_FOUND, -32601, 'Method not found'],
    [errors.INVALID_PARAMS, -32602, 'Invalid params'],
    [errors.INTERNAL_ERROR, -32603, 'Internal error'],
    [errors.SESSION_NOT_FOUND, -32001, 'Session not found'],
    [errors.HEADER_MISMATCH, -32020, 'The request headers and the body disagree'],
    [errors.UNAUTHENTICATED, -31401, 'Authentication required'],
    [errors.DENIED, -31403, 'Not allowed'],
    [errors.RATE_LIMITED, -31429, 'Too many requests'],
  ])('answers %i with its one text', (code, value, message) => {
    expect(code).toBe(value)
    expect(errors.jsonRpcError(7, code)).toStrictEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code, message },
    })
  })

  it('gives the same answer to every denied request but for the id', () => {
    const one = JSON.stringify(errors.jsonRpcError('a', errors.DENIED))
    const other = JSON.stringify(errors.jsonRpcError('b', errors.DENIED))
    expect(one.replace('"a"', '"b"')).toBe(other)
  })

  it('carries data where some is given, and null where no id was read', () => {
    expect(errors.jsonRpcError(null, errors.DENIED, { scopes: ['a'] })).toStrictEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -31403, message: 'Not allowed', data: { scopes: ['a'] } },
    })
  })

  it('answers a code it does not know with the text of an internal error', () => {
    expect(errors.jsonRpcError(1, 12).error).toStrictEqual({ code: 12, message: 'Internal error' })
  })

  it('keeps own codes outside the range JSON-RPC and MCP reserve', () => {
    for (const code of [errors.UNAUTHENTICATED, errors.DENIED, errors.RATE_LIMITED]) {
      expect(code < -32768 || code > -32000).toBe(true)
    }
  })
})
