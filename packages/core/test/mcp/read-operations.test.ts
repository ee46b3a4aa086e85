import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestError } from '../../src/errors.js'
import { readMessages } from '../../src/mcp/read-operations.js'
import { refusalOf } from './refusal.js'

const single = { batch: 0, protocolVersion: undefined }
const batches = { batch: 4, protocolVersion: undefined }
const underModernHeader = { batch: 4, protocolVersion: '2026-07-28' }
const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

function call(name: string, id: unknown = 1) {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name } }
}

describe('readMessages', () => {
  it('reads a legacy request', () => {
    expect(readMessages(call('deploy'), single)).toStrictEqual([
      {
        kind: 'request',
        id: 1,
        method: 'tools/call',
        era: 'legacy',
        version: undefined,
        known: true,
        operations: [{ kind: 'tool', name: 'deploy', args: {} }],
      },
    ])
  })

  it('reads a modern request', () => {
    const body = { ...call('deploy', 'a'), params: { name: 'deploy', _meta } }
    expect(readMessages(body, underModernHeader)).toMatchObject([
      { kind: 'request', id: 'a', era: 'modern', version: '2026-07-28', known: true },
    ])
  })

  it('reads a request without params', () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect(readMessages(body, single)).toMatchObject([
      { known: true, operations: [{ kind: 'lifecycle', method: 'tools/list' }] },
    ])
  })

  it.each(['2025-11-25', undefined])('lets a modern probe through to a legacy server', (header) => {
    const context = { batch: 0, protocolVersion: header }
    const probe = { jsonrpc: '2.0', id: 1, method: 'server/discover' }
    expect(readMessages(probe, context)).toMatchObject([{ era: 'legacy', known: true }])
  })

  it.each(['tools/Call', 'tasks/update', 'subscriptions/listen', '__proto__', 'constructor'])(
    'D05 does not know the request %s, and asks for the method itself',
    (method) => {
      const body = { jsonrpc: '2.0', id: 1, method, params: { name: 'a', taskId: 't' } }
      expect(readMessages(body, single)).toMatchObject([
        { kind: 'request', known: false, operations: [{ kind: 'method', method }] },
      ])
    },
  )

  it.each(['initialize', 'ping', 'resources/subscribe', 'logging/setLevel'])(
    'D05 does not know %s in the modern era',
    (method) => {
      const body = { jsonrpc: '2.0', id: 1, method, params: { uri: 'file:///a', _meta } }
      expect(readMessages(body, single)).toMatchObject([
        { era: 'modern', known: false, operations: [{ kind: 'method', method }] },
      ])
    },
  )

  it('D05 reads what a tool call without an id asks for', () => {
    const body = { jsonrpc: '2.0', method: 'tools/call', params: { name: 'danger' } }
    expect(readMessages(body, single)).toMatchObject([
      { kind: 'notification', known: true, operations: [{ kind: 'tool', name: 'danger' }] },
    ])
  })

  const related = { 'io.modelcontextprotocol/related-task': { taskId: 't' } }

  it.each([
    ['tools/call', [{ kind: 'tool', name: 'a' }]],
    ['ping', [{ kind: 'lifecycle', method: 'ping' }]],
    ['skills/list', [{ kind: 'method', method: 'skills/list' }]],
  ])('D15 a request of %s asks for the task it belongs to as well', (method, operations) => {
    const body = { jsonrpc: '2.0', id: 1, method, params: { name: 'a', _meta: related } }
    expect(readMessages(body, single)).toMatchObject([
      { operations: [...operations, { kind: 'task', taskId: 't' }] },
    ])
  })

  it.each([null, 't', {}, { taskId: 1 }, { taskId: null }, ['t']])(
    'D15 refuses a request that belongs to %j, which is no task',
    (value) => {
      const params = { _meta: { 'io.modelcontextprotocol/related-task': value } }
      const body = { jsonrpc: '2.0', id: 1, method: 'ping', params }
      expect(refusalOf(() => readMessages(body, single))).toEqual([400, -32600])
    },
  )

  it.each([undefined, null, 1, ['t'], { taskId: 't' }])(
    'D15 refuses tasks/get with the id %j',
    (taskId) => {
      const body = { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId } }
      expect(refusalOf(() => readMessages(body, single))).toEqual([400, -32600])
    },
  )

  it.each(['notifications/unknown', 'initialize', 'tools/list', 'notifications/tasks'])(
    'D06 does not know the notification %s',
    (method) => {
      expect(readMessages({ jsonrpc: '2.0', method }, single)).toMatchObject([
        { kind: 'notification', known: false, operations: [{ kind: 'method', method }] },
      ])
    },
  )

  describe('D12 the id of a request', () => {
    it.each([0, -1, 1, Number.MAX_SAFE_INTEGER, '', 'a', '12345678901234567890'])(
      'may be %j',
      (id) => {
        expect(readMessages(call('a', id), single)).toMatchObject([{ id }])
      },
    )

    it.each([
      ['null', null],
      ['fractional', 1.5],
      ['an unsafe integer', JSON.parse('12345678901234567890')],
      ['infinite', JSON.parse('1e999')],
      ['a boolean', true],
      ['an object', {}],
      ['an array', [1]],
    ])('may not be %s', (_what, id) => {
      expect(refusalOf(() => readMessages(call('a', id), single))).toEqual([400, -32600])
    })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'tools/call'],
    ['a number', 1],
    ['an empty object', {}],
    ['no version', { id: 1, method: 'ping' }],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['a numeric version', { jsonrpc: 2, id: 1, method: 'ping' }],
    ['no method', { jsonrpc: '2.0', id: 1 }],
    ['a method that is a number', { jsonrpc: '2.0', id: 1, method: 1 }],
    ['a method that is null', { jsonrpc: '2.0', id: 1, method: null }],
    ['a method that is a list', { jsonrpc: '2.0', id: 1, method: ['tools/list'] }],
    ['params that are an array', { ...call('a'), params: ['a'] }],
    ['params that are null', { ...call('a'), params: null }],
    ['params that are text', { ...call('a'), params: 'a' }],
    ['params that are wrong on an unknown method', { ...call('a'), method: 'x', params: 1 }],
    ['a method and a result', { ...call('a'), result: {} }],
    ['a method and an error', { ...call('a'), error: {} }],
    ['a tool without a name', { ...call('a'), params: {} }],
  ])('D05 refuses a body with %s', (_what, body) => {
    expect(refusalOf(() => readMessages(body, single))).toEqual([400, -32600])
  })

  describe('D06 a posted response', () => {
    const result = { jsonrpc: '2.0', id: 7, result: {} }
    const error = { jsonrpc: '2.0', id: 'x', error: { code: 1, message: 'm' } }

    it.each([result, error, { jsonrpc: '2.0', error: error.error }])('is read: %j', (body) => {
      expect(readMessages(body, single)).toStrictEqual([
        {
          kind: 'response',
          era: 'legacy',
          known: true,
          operations: [{ kind: 'lifecycle', method: 'response' }],
        },
      ])
    })

    it('is one constant for all requests, which nobody can change', () => {
      const [first] = readMessages(result, single)
      const [second] = readMessages(error, single)
      expect(first).toBe(second)
      for (const value of [first, first?.operations, first?.operations[0]]) {
        expect(Object.isFrozen(value)).toBe(true)
      }
    })

    it.each([result, error])('is refused in the modern era: %j', (body) => {
      expect(refusalOf(() => readMessages(body, underModernHeader))).toEqual([400, -32600])
    })

    it.each([
      { ...result, error: error.error },
      { jsonrpc: '2.0', result: {} },
      { ...result, id: null },
      { ...error, id: null },
      { ...result, id: 1.5 },
      { ...result, result: null },
      { ...result, result: [] },
      { ...error, error: 'text' },
    ])('is refused if it is not well formed: %j', (body) => {
      expect(refusalOf(() => readMessages(body, single))).toEqual([400, -32600])
    })
  })

  describe('D01 an array', () => {
    it.each([[[]], [[call('a')]], [[[call('a')]]], [[call('a'), call('b', 2)]]])(
      'is refused unless batches are allowed: %j',
      (body) => {
        expect(refusalOf(() => readMessages(body, single))).toEqual([400, -32600])
      },
    )

    it('is read element by element where batches are allowed', () => {
      const body = [
        call('a', 1),
        call('danger', 2),
        { jsonrpc: '2.0', method: 'notifications/x' },
        { jsonrpc: '2.0', id: 9, result: {} },
      ]
      expect(readMessages(body, batches)).toMatchObject([
        { kind: 'request', id: 1, operations: [{ name: 'a' }] },
        { kind: 'request', id: 2, operations: [{ name: 'danger' }] },
        { kind: 'notification', known: false },
        { kind: 'response' },
      ])
    })

    it.each([
      ['is empty', []],
      ['is longer than allowed', [1, 2, 3, 4, 5].map((id) => call('a', id))],
      ['is nested', [[call('a')]]],
      ['holds something malformed', [call('a'), 1]],
      ['holds null', [null]],
      ['repeats an id', [call('a', 1), call('b', 1)]],
      ['repeats an id as another type', [call('a', 1), call('b', '1')]],
      ['initializes', [{ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }]],
      ['holds a modern request', [call('a'), { ...call('b', 2), params: { name: 'b', _meta } }]],
      [
        'holds a broken claim',
        [
          {
            ...call('b'),
            params: {
              name: 'b',
              _meta: { ..._meta, 'io.modelcontextprotocol/protocolVersion': 1 },
            },
          },
        ],
      ],
    ])('is refused if it %s', (_what, body) => {
      expect(refusalOf(() => readMessages(body, batches))).toEqual([400, -32600])
    })

    it('is refused under a modern version header', () => {
      const body = [{ jsonrpc: '2.0', method: 'notifications/cancelled' }]
      expect(refusalOf(() => readMessages(body, underModernHeader))).toEqual([400, -32600])
    })
  })

  it('D05 answers any JSON with messages or a refusal, and a message always asks for something', () => {
    const anyParams = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          name: fc.jsonValue(),
          uri: fc.jsonValue(),
          arguments: fc.jsonValue(),
          ref: fc.record({
            type: fc.constantFrom('ref/prompt', 'ref/resource'),
            name: fc.string(),
          }),
          _meta: fc.oneof(fc.constant(_meta), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
    )
    const message = fc.record(
      {
        jsonrpc: fc.constantFrom('2.0', '2.0', '2.0', '1.0'),
        id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
        method: fc.constantFrom('tools/call', 'ping', 'completion/complete', 'resources/read', 'x'),
        params: anyParams,
        result: fc.jsonValue(),
      },
      { requiredKeys: ['jsonrpc'] },
    )
    const body = fc.oneof(fc.jsonValue(), message, fc.array(message, { maxLength: 5 }))
    fc.assert(
      fc.property(body, fc.constantFrom(undefined, '2025-06-18', '2026-07-28'), (value, header) => {
        const refused = readOrRefuse(value, header)
        if (refused instanceof RequestError) return refused.status === 400
        return refused.every(
          ({ known, operations }) =>
            operations.length > 0 && operations.every(({ kind }) => (kind !== 'method') === known),
        )
      }),
      { numRuns: 2000 },
    )
  })
})

function readOrRefuse(body: unknown, protocolVersion: string | undefined) {
  try {
    return readMessages(body, { batch: 4, protocolVersion })
  } catch (error) {
    if (error instanceof RequestError) return error
    throw error
  }
}
