import { describe, expect, it } from 'vitest'
import { requestIdOf } from '../../src/mcp/request-id.js'

const request = { jsonrpc: '2.0', method: 'tools/list' }

describe('the id a refusal answers', () => {
  it.each([7, 0, -1, 'seven', ''])('is that of the request: %j', (id) => {
    expect(requestIdOf({ ...request, id })).toBe(id)
  })

  it.each([1.5, 2 ** 53, Number.NaN, null, true, {}, []])(
    'is null for %j, which is no id',
    (id) => {
      expect(requestIdOf({ ...request, id })).toBeNull()
    },
  )

  it.each([
    ['a notification', request],
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }],
    ['a method that is no string', { jsonrpc: '2.0', id: 1, method: 1 }],
    ['a batch', [{ ...request, id: 1 }]],
    ['no body', undefined],
    ['null', null],
    ['text', '{"id":1,"method":"ping"}'],
  ])('is null for %s', (_name, body) => {
    expect(requestIdOf(body)).toBeNull()
  })

  it('is null where the id is inherited', () => {
    expect(requestIdOf(Object.assign(Object.create({ id: 1 }), request))).toBeNull()
  })
})
