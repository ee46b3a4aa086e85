import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { narrowListen } from '../../src/mcp/narrow-listen.js'
import type { Operation } from '../../src/mcp/operation.js'
import { refusalOf } from './refusal.js'

function permitsPublic(operation: Operation): boolean {
  return operation.kind === 'resource' && operation.uri.startsWith('file:///public/')
}

function opensNone(): undefined {}

describe('narrowListen', () => {
  it('D17 leaves only the URIs that may be read, in their order', () => {
    const params = {
      _meta: { a: 1 },
      notifications: {
        toolsListChanged: true,
        promptsListChanged: false,
        resourcesListChanged: true,
        resourceSubscriptions: ['file:///public/b', 'file:///secret', 'file:///public/a'],
      },
    }
    const before = structuredClone(params)
    expect(narrowListen(params, permitsPublic, opensNone)).toStrictEqual({
      _meta: { a: 1 },
      notifications: {
        toolsListChanged: true,
        promptsListChanged: false,
        resourcesListChanged: true,
        resourceSubscriptions: ['file:///public/b', 'file:///public/a'],
      },
    })
    expect(params).toStrictEqual(before)
  })

  it('D30 judges each URI once, and refuses more than a thousand', () => {
    const permits = vi.fn(() => true)
    const listen = (uris: readonly string[]) =>
      narrowListen({ notifications: { resourceSubscriptions: uris } }, permits, opensNone)
    expect(listen(Array.from({ length: 5_000 }, () => 'file:///a'))).toStrictEqual({
      notifications: { resourceSubscriptions: ['file:///a'] },
    })
    expect(permits).toHaveBeenCalledOnce()
    const many = Array.from({ length: 1_001 }, (_, index) => `file:///${index}`)
    expect(() => listen(many.slice(1))).not.toThrow()
    expect(() => listen(many)).toThrow('resourceSubscriptions has more than 1,000 entries')
  })

  it('D17 leaves an empty list where no URI may be read', () => {
    const params = { notifications: { resourceSubscriptions: ['file:///secret'] } }
    expect(narrowListen(params, permitsPublic, opensNone)).toStrictEqual({
      notifications: { resourceSubscriptions: [] },
    })
  })

  it('adds no key that was not asked for', () => {
    expect(narrowListen({ notifications: {} }, permitsPublic, opensNone)).toStrictEqual({
      notifications: {},
    })
  })

  it('D15 leaves only the tasks of the caller, as the server knows them', () => {
    const params = {
      taskIds: ['a.sealed'],
      notifications: { taskIds: ['a.sealed', 'b', 'c.sealed'], toolsListChanged: true },
    }
    const before = structuredClone(params)
    const openTask = (id: string) => (id.endsWith('.sealed') ? id.slice(0, -7) : undefined)
    expect(narrowListen(params, () => true, openTask)).toStrictEqual({
      notifications: { toolsListChanged: true, taskIds: ['a', 'c'] },
    })
    expect(params).toStrictEqual(before)
  })

  it.each([null, 'a', { 0: 'a' }, [1], ['a', null]])('D15 refuses the task ids %j', (taskIds) => {
    const params = { notifications: { taskIds } }
    expect(refusalOf(() => narrowListen(params, () => true, opensNone))).toEqual([400, -32600])
  })

  it('D17 takes kinds of subscription out that nobody has judged', () => {
    const params = {
      notifications: { skillSubscriptions: ['skill://a'], resourceSubscriptions: [] },
    }
    expect(narrowListen(params, () => true, opensNone)).toStrictEqual({
      notifications: { resourceSubscriptions: [] },
    })
  })

  it.each([
    undefined,
    null,
    [],
    'x',
    {},
    { notifications: null },
    { notifications: [] },
    { notifications: 'all' },
    { notifications: { resourceSubscriptions: 'file:///public/a' } },
    { notifications: { resourceSubscriptions: null } },
    { notifications: { resourceSubscriptions: { 0: 'file:///public/a' } } },
    { notifications: { resourceSubscriptions: ['file:///public/a', {}] } },
    { notifications: { resourceSubscriptions: [['file:///public/a']] } },
  ])('D17 refuses params that are not a filter: %j', (params) => {
    expect(refusalOf(() => narrowListen(params, () => true, opensNone))).toEqual([400, -32600])
  })

  it('D17 never passes a URI on that is not permitted', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.func(fc.boolean()), (uris, allowed) => {
        const permits = (operation: Operation) =>
          operation.kind === 'resource' && allowed(operation.uri)
        const params = { notifications: { resourceSubscriptions: uris } }
        expect(narrowListen(params, permits, opensNone)).toStrictEqual({
          notifications: { resourceSubscriptions: uris.filter((uri) => allowed(uri)) },
        })
      }),
    )
  })
})
