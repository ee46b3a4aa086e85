import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { filterJson } from '../../src/http/filter-json.js'
import { createFilteredAnswers, type FilteredAnswers } from '../../src/http/filtered-answers.js'
import { createMessageFilter } from '../../src/mcp/filter-result.js'
import { mayHoldList } from '../../src/mcp/may-hold-list.js'

type Id = string | number

const tools = [{ name: 'open' }, { name: 'shut' }]
const idFirst = (id: Id, result: unknown = { tools }) =>
  JSON.stringify({ jsonrpc: '2.0', id, result })
const idLast = (id: Id, result: unknown = { tools }) =>
  JSON.stringify({ result, jsonrpc: '2.0', id })

/** Filters like a guard that shows only what is called `open`, and counts how often it has to look. */
function createShown(remembered: FilteredAnswers | undefined) {
  const filter = createMessageFilter(
    (operation) => 'name' in operation && operation.name === 'open',
  )
  const rewrite = vi.fn(filter)
  const show = (text: string) =>
    String(filterJson(text, { rewrite, mayHoldList, remembered: () => remembered }))
  return { rewrite, show }
}

const writers = [
  ['first', idFirst],
  ['last', idLast],
] as const

describe.each(writers)('an answer whose id stands %s', (_, write) => {
  it.each<[string, Id, Id]>([
    ['numbers', 1, 22],
    ['zero', 0, 7],
    ['texts', 'a-1', 'b_2'],
    ['a number and a text', 9, 'nine'],
  ])('D20 is filtered once for ids that are %s, and keeps its own', (_name, one, other) => {
    const { rewrite, show } = createShown(createFilteredAnswers())
    expect(JSON.parse(show(write(one)))).toEqual(JSON.parse(write(one, { tools: [tools[0]] })))
    expect(show(write(other))).toBe(write(other, { tools: [tools[0]] }))
    expect(rewrite).toHaveBeenCalledOnce()
  })

  it('D20 is filtered anew where anything but the id differs', () => {
    const { rewrite, show } = createShown(createFilteredAnswers())
    show(write(1))
    expect(show(write(1, { tools: [...tools].reverse() }))).toBe(write(1, { tools: [tools[0]] }))
    expect(show(write(2, { tools: [{ name: 'shut' }, { name: 'shut' }] }))).toBe(
      write(2, { tools: [] }),
    )
    expect(rewrite).toHaveBeenCalledTimes(3)
  })

  it.each<[string, Id]>([
    ['negative', -1],
    ['fractional', 1.5],
    ['with an escape in it', 'a"b'],
    ['empty', ''],
    ['longer than an id is', 'x'.repeat(65)],
  ])('D20 is filtered each time where the id is %s', (_name, id) => {
    const { rewrite, show } = createShown(createFilteredAnswers())
    for (const _time of [1, 2]) expect(JSON.parse(show(write(id))).result.tools).toEqual([tools[0]])
    expect(rewrite).toHaveBeenCalledTimes(2)
  })

  it.each<[string, unknown]>([
    ['a task', { tools, task: { taskId: 'x' } }],
    ['tasks', { tools, tasks: [] }],
    ['a task it belongs to', { tools, _meta: { 'io.modelcontextprotocol/related-task': {} } }],
  ])('D15 is never remembered where it may be about %s', (_name, result) => {
    const remembered = createFilteredAnswers()
    remembered.note(write(1, result), write(1, { tools: [] }))
    expect(remembered.find(write(2, result))).toBeUndefined()
  })

  it('D15 is never remembered with an escape that could spell a key', () => {
    const remembered = createFilteredAnswers()
    const text = write(1).replace('"tools"', '"\\u0074ools"')
    remembered.note(text, write(1, { tools: [] }))
    expect(remembered.find(text)).toBeUndefined()
  })

  it('forgets the oldest of five, and never knew one of more than a mebi', () => {
    const remembered = createFilteredAnswers()
    const texts = [1, 2, 3, 4, 5].map((version) => write(1, { tools, version }))
    for (const text of texts) remembered.note(text, text)
    expect(texts.map((text) => remembered.find(text) === text)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
    const long = write(1, { tools: 'x'.repeat(1024 * 1024) })
    remembered.note(long, long)
    expect(remembered.find(long)).toBeUndefined()
  })
})

describe('remembered answers', () => {
  it('D20 are what filtering anew gives, whatever came before (property)', () => {
    const tool = fc.record(
      { name: fc.constantFrom('open', 'shut', 'x'), title: fc.string(), id: fc.nat(3) },
      { requiredKeys: [] },
    )
    const id = fc.oneof(fc.nat(30), fc.constantFrom('a', 'b', '"', '},"id":1}'))
    const result = fc.record({ tools: fc.array(tool, { maxLength: 2 }) })
    const message = fc
      .record({ id, result, write: fc.constantFrom(idFirst, idLast) })
      .map(({ id: own, result: of, write }) => write(own, of))
    fc.assert(
      fc.property(fc.array(message, { minLength: 2, maxLength: 12 }), (texts) => {
        const { show } = createShown(createFilteredAnswers())
        const anew = createShown(undefined)
        for (const text of texts) expect(show(text)).toBe(anew.show(text))
      }),
    )
  })

  it('D20 are not looked for in an answer that is no JSON-RPC, or another way round', () => {
    const remembered = createFilteredAnswers()
    remembered.note(idFirst(1), idFirst(1, { tools: [] }))
    for (const text of [idLast(1), `[${idFirst(1)}]`, ` ${idFirst(1)}`, '', '{}', '{"id":1}']) {
      expect(remembered.find(text)).toBeUndefined()
    }
  })
})
