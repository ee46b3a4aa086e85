import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonObject, type JsonObject } from '../../src/mcp/json-object.js'
import { openTaskIds, sealTaskIds, type TaskSeals } from '../../src/mcp/task-ids.js'
import { refusalOf } from './refusal.js'

const related = 'io.modelcontextprotocol/related-task'

/** Knows `mine` and `hidden`, would tell of `mine` alone, and says that request 1 makes tasks. */
const seals: TaskSeals = {
  known: (id) => (id === 'mine' || id === 'hidden' ? `${id}.sealed` : undefined),
  visible: (id) => (id === 'mine' ? 'mine.sealed' : undefined),
  created: (id, requestId) => (requestId === 1 ? `${id}.new` : undefined),
}

function answer(result: unknown, id: unknown = 1): JsonObject {
  return { jsonrpc: '2.0', id, result }
}

function news(method: string, params: unknown): JsonObject {
  return { jsonrpc: '2.0', method, params }
}

function failure(id: unknown): unknown {
  return { jsonrpc: '2.0', id, error: { code: -32603, message: 'Internal error' } }
}

describe('sealTaskIds', () => {
  it('D15 seals the id of a task that was created, in both shapes', () => {
    const legacy = answer({ task: { taskId: 'a', status: 'working' }, x: 1 })
    const before = structuredClone(legacy)
    expect(sealTaskIds(legacy, seals)).toStrictEqual(
      answer({ task: { taskId: 'a.new', status: 'working' }, x: 1 }),
    )
    expect(legacy).toStrictEqual(before)
    expect(sealTaskIds(answer({ resultType: 'task', taskId: 'a' }), seals)).toStrictEqual(
      answer({ resultType: 'task', taskId: 'a.new' }),
    )
  })

  it('D15 keeps the tool of a task that is known already', () => {
    const message = answer({ task: { taskId: 'mine' } })
    expect(sealTaskIds(message, seals)).toStrictEqual(answer({ task: { taskId: 'mine.sealed' } }))
  })

  it.each([2, '1', {}, null])(
    'D15 answers with an error where nobody made the task request %j says was made',
    (id) => {
      for (const result of [{ task: { taskId: 'a' } }, { resultType: 'task', taskId: 'a' }]) {
        const named = typeof id === 'string' || typeof id === 'number'
        expect(sealTaskIds(answer(result, id), seals)).toEqual(named ? failure(id) : undefined)
      }
    },
  )

  it('D15 seals the state of a known task, and never makes another the caller’s own', () => {
    const state = (taskId: unknown) => answer({ taskId, status: 'working' })
    expect(sealTaskIds(state('mine'), seals)).toStrictEqual(state('mine.sealed'))
    expect(sealTaskIds(state('hidden'), seals)).toStrictEqual(state('hidden.sealed'))
    expect(sealTaskIds(state('other'), seals)).toEqual(failure(1))
    expect(sealTaskIds(state({ a: 1 }), seals)).toEqual(failure(1))
  })

  it('leaves alone what is no task', () => {
    for (const message of [
      answer({ content: [], taskId: 'a' }),
      answer({ content: [], structuredContent: { taskId: 'a', status: 'x' } }),
      answer({ task: 'a' }),
      answer({ task: { name: 'a' } }),
      answer({ tasks: [] }),
      answer('a'),
      answer({ _meta: { [related]: {} } }),
      { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'm', data: { taskId: 'a' } } },
      news('notifications/progress', { taskId: 'a' }),
      news('notifications/tasks/status', {}),
      news('x/notifications/tasks/status', { taskId: 'a' }),
      news('notifications/tasksx', { taskId: 'a' }),
      { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 'of the client' } },
      { taskId: 'a', status: 'b' },
    ]) {
      expect(sealTaskIds(message, seals)).toBe(message)
    }
  })

  it('D15 lists what the caller may be told of', () => {
    const tasks = [
      { taskId: 'mine', x: 1 },
      { taskId: 'hidden' },
      { taskId: 'a' },
      {},
      'mine',
      null,
    ]
    expect(sealTaskIds(answer({ tasks, nextCursor: 'c' }), seals)).toStrictEqual(
      answer({ tasks: [{ taskId: 'mine.sealed', x: 1 }], nextCursor: 'c' }),
    )
    expect(refusalOf(() => sealTaskIds(answer({ tasks: {} }), seals))).toEqual([500, -32603])
  })

  it.each(['notifications/tasks/status', 'notifications/tasks'])(
    'D15 passes %s about tasks the caller may be told of',
    (method) => {
      expect(sealTaskIds(news(method, { taskId: 'mine', status: 'x' }), seals)).toStrictEqual(
        news(method, { taskId: 'mine.sealed', status: 'x' }),
      )
      for (const taskId of ['hidden', 'a', 1, null]) {
        expect(sealTaskIds(news(method, { taskId }), seals)).toBeUndefined()
      }
    },
  )

  it('D15 seals what an acknowledged subscription repeats', () => {
    const acknowledged = (taskIds: unknown) =>
      news('notifications/subscriptions/acknowledged', { notifications: { taskIds, x: 1 } })
    expect(sealTaskIds(acknowledged(['mine', 'hidden', 'a', 1]), seals)).toStrictEqual(
      acknowledged(['mine.sealed']),
    )
    expect(sealTaskIds(acknowledged('a'), seals)).toStrictEqual(acknowledged([]))
  })

  it.each([
    ['a result', (meta: unknown) => answer({ content: [], _meta: meta })],
    ['a notification', (meta: unknown) => news('notifications/progress', { _meta: meta })],
    [
      'a request of the server',
      (meta: unknown) => ({ ...news('elicitation/create', { _meta: meta }), id: 7 }),
    ],
  ])('D15 seals the task %s belongs to, or takes it out', (_, make) => {
    const meta = (taskId: unknown) => ({ a: 1, [related]: { taskId } })
    expect(sealTaskIds(make(meta('mine')), seals)).toStrictEqual(make(meta('mine.sealed')))
    for (const taskId of ['a', 1, null]) {
      expect(sealTaskIds(make(meta(taskId)), seals)).toStrictEqual(make({ a: 1 }))
    }
  })

  it('D15 no id leaves in any place of a task but a sealed one', () => {
    const id = fc.constantFrom('mine', 'hidden', 'other')
    const holder = fc.record({ taskId: id, status: fc.constant('x') }, { requiredKeys: ['taskId'] })
    const meta = fc.record({ [related]: holder })
    const result = fc.record(
      {
        taskId: id,
        status: fc.constant('working'),
        resultType: fc.constantFrom('task', 'complete'),
        task: holder,
        tasks: fc.array(holder),
        _meta: meta,
      },
      { requiredKeys: ['status'] },
    )
    const params = fc.record({ taskId: id, _meta: meta }, { requiredKeys: [] })
    const message = fc.oneof(
      fc.record({ id: fc.constantFrom(1, 2), result }),
      fc.record({
        method: fc.constantFrom('notifications/tasks', 'notifications/tasks/x'),
        params,
      }),
    )
    fc.assert(
      fc.property(message, (one) => {
        for (const taskId of idsOf(sealTaskIds(one, seals))) {
          expect(taskId).toMatch(/\.(?:sealed|new)$/)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function idsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(idsOf)
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, held]) => (key === 'taskId' ? [held] : idsOf(held)))
}

describe('openTaskIds', () => {
  const open = (sealed: string) => (sealed.endsWith('.sealed') ? sealed.slice(0, -7) : undefined)
  const request = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params })

  it.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])(
    'D15 opens the id of %s, and passes no other',
    (method) => {
      const message = request(method, { taskId: 'a.sealed', x: 1 })
      const before = structuredClone(message)
      expect(openTaskIds(message, open)).toStrictEqual(request(method, { taskId: 'a', x: 1 }))
      expect(message).toStrictEqual(before)
      expect(() => openTaskIds(request(method, { taskId: 'a' }), open)).toThrow('not judged')
    },
  )

  it('D15 opens the task a request or notification belongs to, or takes it out', () => {
    const belongs = (taskId: unknown) => ({ _meta: { a: 1, [related]: { taskId } } })
    for (const method of ['tools/call', 'notifications/progress']) {
      expect(openTaskIds(request(method, belongs('a.sealed')), open)).toStrictEqual(
        request(method, belongs('a')),
      )
      for (const taskId of ['a', 1, null]) {
        expect(openTaskIds(request(method, belongs(taskId)), open)).toStrictEqual(
          request(method, { _meta: { a: 1 } }),
        )
      }
    }
  })

  it('D15 opens the task a response belongs to, and leaves one the client hosts', () => {
    const belongs = (taskId: string) => answer({ _meta: { [related]: { taskId } } })
    expect(openTaskIds(belongs('a.sealed'), open)).toStrictEqual(belongs('a'))
    expect(openTaskIds(belongs('of the client'), open)).toStrictEqual(belongs('of the client'))
  })

  it('gives back the same message where it names no task', () => {
    for (const message of [
      request('tools/call', { name: 'x', arguments: { taskId: 'a.sealed' } }),
      request('acme/run', { taskId: 'a.sealed' }),
      { jsonrpc: '2.0', method: 'notifications/tasks/status', params: { taskId: 'of the client' } },
      { jsonrpc: '2.0', method: 'ping' },
      answer({ task: { taskId: 'of the client' } }),
      { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'm' } },
    ]) {
      expect(openTaskIds(message, open)).toBe(message)
    }
  })
})
