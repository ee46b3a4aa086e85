import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestError } from '../../src/errors.js'
import { createMessageFilter } from '../../src/mcp/filter-result.js'
import { mayHoldList } from '../../src/mcp/may-hold-list.js'
import type { Operation } from '../../src/mcp/operation.js'
import { refusalOf } from './refusal.js'

/** Permits whatever is called `ok…`, in the key that belongs to the kind. */
function permits(operation: Operation): boolean {
  switch (operation.kind) {
    case 'tool':
    case 'prompt':
      return operation.name.startsWith('ok')
    case 'resource':
      return operation.uri.startsWith('ok')
    case 'template':
      return operation.uriTemplate.startsWith('ok')
    case 'lifecycle':
    case 'method':
    case 'task':
      return false
  }
}

const filter = createMessageFilter(permits)

function answer(result: unknown, id: unknown = 1) {
  return { jsonrpc: '2.0', id, result }
}

describe('createMessageFilter', () => {
  it.each([
    ['tools', 'name'],
    ['prompts', 'name'],
    ['resources', 'uri'],
    ['resourceTemplates', 'uriTemplate'],
  ])('D19 filters %s by %s', (list, key) => {
    const message = answer({
      [list]: [{ [key]: 'ok1', x: 1 }, { [key]: 'secret' }, { [key]: 'ok2' }],
    })
    const before = structuredClone(message)
    expect(filter(message)).toStrictEqual(
      answer({ [list]: [{ [key]: 'ok1', x: 1 }, { [key]: 'ok2' }] }),
    )
    expect(message).toStrictEqual(before)
  })

  it.each([
    ['tools', 'uri'],
    ['prompts', 'title'],
    ['resources', 'name'],
    ['resourceTemplates', 'uri'],
  ])('D19 drops elements of %s that carry their name only in %s', (list, key) => {
    expect(filter(answer({ [list]: [{ [key]: 'ok' }] }))).toStrictEqual(answer({ [list]: [] }))
  })

  it.each([null, 'ok', 1, ['ok'], {}, { name: 1 }, { name: null }, { name: { toString: 'ok' } }])(
    'D19 drops elements that have no string for a name: %j',
    (element) => {
      expect(filter(answer({ tools: [element] }))).toStrictEqual(answer({ tools: [] }))
    },
  )

  it('D19 does not take a name from a prototype key', () => {
    const message = JSON.parse('{"result":{"tools":[{"__proto__":{"name":"ok"}}]}}')
    expect(filter(message)).toStrictEqual({ result: { tools: [] } })
  })

  it('D19 filters several lists of one result', () => {
    const message = answer({ tools: [{ name: 'x' }], resources: [{ uri: 'x' }, { uri: 'ok' }] })
    expect(filter(message)).toStrictEqual(answer({ tools: [], resources: [{ uri: 'ok' }] }))
  })

  it.each(['tools', 'prompts', 'resources', 'resourceTemplates', 'tasks'])(
    'D19 fails closed on %s that is not an array',
    (list) => {
      for (const value of [null, {}, 'secret', 1, { 0: { name: 'ok' }, length: 1 }]) {
        expect(refusalOf(() => filter(answer({ [list]: value })))).toEqual([500, -32603])
      }
    },
  )

  it('D19 fails closed on a response that is an error or a request too', () => {
    const message = answer({ tools: [] })
    const error = { code: 1, message: 'm' }
    expect(refusalOf(() => filter({ ...message, error }))).toEqual([500, -32603])
    expect(refusalOf(() => filter({ ...message, error: null }))).toEqual([500, -32603])
    expect(refusalOf(() => filter({ ...message, method: 'ping' }))).toEqual([500, -32603])
    expect(refusalOf(() => filter([answer({}), { ...message, error }]))).toEqual([500, -32603])
  })

  it('D15 drops every task unless told who owns it', () => {
    const message = answer({
      tasks: [{ taskId: 'mine' }, { taskId: 'other' }, {}],
      nextCursor: 'c',
    })
    expect(filter(message)).toStrictEqual(answer({ tasks: [], nextCursor: 'c' }))
    const visible = (taskId: string) => (taskId === 'mine' ? 'mine.sealed' : undefined)
    const owning = createMessageFilter(permits, { known: visible, visible, created: visible })
    expect(owning(message)).toStrictEqual(
      answer({ tasks: [{ taskId: 'mine.sealed' }], nextCursor: 'c' }),
    )
  })

  it('D20 keeps the cursor, of a page that is empty after it too', () => {
    const first = answer({ tools: [{ name: 'secret' }], nextCursor: '' })
    expect(filter(first)).toStrictEqual(answer({ tools: [], nextCursor: '' }))
    const second = answer({ tools: [{ name: 'secret' }, { name: 'ok' }], nextCursor: 'abc' })
    expect(filter(second)).toStrictEqual(answer({ tools: [{ name: 'ok' }], nextCursor: 'abc' }))
  })

  it.each(['public', 'shared', null, 1])('D21 makes the cache scope %j private', (cacheScope) => {
    const page = answer({ tools: [{ name: 'ok' }], ttlMs: 5, cacheScope })
    expect(filter(page)).toStrictEqual(
      answer({ tools: [{ name: 'ok' }], ttlMs: 5, cacheScope: 'private' }),
    )
    const contents = answer({ contents: [], ttlMs: 0, cacheScope })
    expect(filter(contents)).toStrictEqual(
      answer({ contents: [], ttlMs: 0, cacheScope: 'private' }),
    )
  })

  it('D21 adds no cache scope where there is none', () => {
    const message = answer({ tools: [{ name: 'ok' }] })
    expect(filter(message)).toBe(message)
  })

  it('D25 drops the update of a resource that may not be read', () => {
    const update = (params: unknown) => ({
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params,
    })
    const allowed = update({ uri: 'ok' })
    expect(filter(allowed)).toBe(allowed)
    for (const params of [{ uri: 'secret' }, { uri: 1 }, {}, undefined, null, ['ok']]) {
      expect(filter(update(params))).toBeUndefined()
    }
    expect(filter({ ...update({ uri: 'secret' }), id: 1 })).toBeUndefined()
  })

  it('D25 leaves other messages of the server as they are', () => {
    for (const method of [
      'notifications/tools/list_changed',
      'notifications/progress',
      'notifications/message',
      'sampling/createMessage',
    ]) {
      const params = { tools: [{ name: 'secret' }], resources: 'x', uri: 'secret' }
      const message = { jsonrpc: '2.0', id: 1, method, params }
      expect(filter(message)).toBe(message)
    }
  })

  it('D19 gives back the same object where nothing has to change', () => {
    for (const message of [
      answer({ tools: [{ name: 'ok' }], cacheScope: 'private' }),
      answer({ tools: [] }),
      answer({ content: [{ type: 'text', text: '"tools"' }], structuredContent: { tools: 1 } }),
      answer({ capabilities: { tools: {}, resources: {} } }),
      answer(null),
      answer([{ tools: 1 }]),
      { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'm', data: { tools: ['secret'] } } },
      { statusCode: 404, error: 'Not Found', message: 'Route not found' },
      [answer({ tools: [{ name: 'ok' }] }), answer({})],
      [],
      null,
      'text',
      7,
    ]) {
      expect(filter(message)).toBe(message)
    }
  })

  it('D19 filters every element of a batch, and drops it if nothing is left', () => {
    const hidden = { method: 'notifications/resources/updated', params: { uri: 'secret' } }
    const listed = answer({ tools: [{ name: 'secret' }] }, 1)
    const other = answer({}, 2)
    expect(filter([listed, hidden, other])).toStrictEqual([answer({ tools: [] }, 1), other])
    expect(filter([hidden])).toBeUndefined()
    expect(filter([[listed]])).toStrictEqual([[answer({ tools: [] }, 1)]])
  })
})

describe('the scan and the filter together', () => {
  const name = fc.constantFrom('ok', 'ok2', 'secret', '')
  const element = fc.oneof(
    fc.record({ name, uri: name, uriTemplate: name, taskId: name }, { requiredKeys: [] }),
    fc.jsonValue(),
  )
  const list = fc.oneof(
    { weight: 4, arbitrary: fc.array(element, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
  const taskId = fc.oneof(name, fc.jsonValue())
  const task = fc.oneof(fc.record({ taskId }, { requiredKeys: [] }), fc.jsonValue())
  const _meta = fc.oneof(
    fc.record({ 'io.modelcontextprotocol/related-task': task, a: task }, { requiredKeys: [] }),
    fc.jsonValue(),
  )
  const result = fc.oneof(
    fc.record(
      {
        tools: list,
        prompts: list,
        resources: list,
        resourceTemplates: list,
        tasks: list,
        cacheScope: fc.constantFrom('public', 'private'),
        content: fc.jsonValue(),
        task,
        taskId,
        status: fc.constantFrom('working', 1),
        resultType: fc.constantFrom('task', 'complete'),
        _meta,
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  )
  const message = fc.record(
    {
      jsonrpc: fc.constant('2.0'),
      id: fc.integer(),
      method: fc.constantFrom(
        'notifications/resources/updated',
        'notifications/tasks/status',
        'notifications/tasks',
        'notifications/subscriptions/acknowledged',
        'ping',
      ),
      params: fc.record(
        { uri: name, taskId, _meta, notifications: fc.record({ taskIds: fc.array(taskId) }) },
        { requiredKeys: [] },
      ),
      result,
      error: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const body = fc.oneof(message, fc.array(message, { maxLength: 3 }), fc.jsonValue())

  it('D19 whatever the filter would change or refuse, the scan says yes to', () => {
    fc.assert(
      fc.property(body, fc.infiniteStream(fc.nat(9)), (value, choices) => {
        const text = respell(JSON.stringify(value), choices)
        const parsed: unknown = JSON.parse(text)
        expect(parsed).toEqual(JSON.parse(JSON.stringify(value)))
        if (mayHoldList(text) || mayHoldList(Buffer.from(text))) return
        expect(filter(parsed)).toBe(parsed)
      }),
      { numRuns: 5000 },
    )
  })

  it('D19 no list that leaves the filter names anything that is not permitted', () => {
    fc.assert(
      fc.property(body, (value) => {
        const filtered = filterOrRefuse(value)
        for (const one of Array.isArray(filtered) ? filtered : [filtered]) {
          expect(hiddenNamesOf(one)).toEqual([])
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('D19 filtering twice changes nothing more', () => {
    fc.assert(
      fc.property(body, (value) => {
        const once = filterOrRefuse(value)
        expect(filterOrRefuse(once)).toBe(once)
      }),
    )
  })
})

/** Writes the same JSON another way: now and then an escape for a letter, a slash or a space. */
function respell(json: string, choices: fc.Stream<number>): string {
  let respelt = ''
  let inString = false
  for (let index = 0; index < json.length; index++) {
    const char = json.charAt(index)
    if (char === '\\') {
      respelt += json.slice(index, index + 2)
      index++
      continue
    }
    if (char === '"') inString = !inString
    respelt += inString && char !== '"' ? spell(char, choices) : char
  }
  return respelt
}

function spell(char: string, choices: fc.Stream<number>): string {
  if (char === '/' && choices.next().value === 0) return '\\/'
  const escaped = /^[a-zA-Z/]$/.test(char) && choices.next().value === 1 && choices.next().value < 2
  return escaped ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char
}

function filterOrRefuse(value: unknown): unknown {
  try {
    return filter(value)
  } catch (error) {
    if (error instanceof RequestError) return undefined
    throw error
  }
}

function hiddenNamesOf(message: unknown): readonly unknown[] {
  const result = (message as { result?: Record<string, unknown> } | null | undefined)?.result
  if (typeof result !== 'object' || result === null) return []
  const keys = {
    tools: 'name',
    prompts: 'name',
    resources: 'uri',
    resourceTemplates: 'uriTemplate',
  }
  const names = Object.entries(keys).flatMap(([list, key]) =>
    Object.hasOwn(result, list)
      ? (result[list] as Record<string, unknown>[]).map((element) => element[key])
      : [],
  )
  return [
    ...names.filter((one) => !String(one).startsWith('ok')),
    ...((result['tasks'] as []) ?? []),
  ]
}
