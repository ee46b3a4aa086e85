import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../src/policy/define.js'
import { findSharedView } from '../../src/policy/shared-view.js'
import { holderOf, promised, withScopes } from './peer.js'

const policy = definePolicy({
  version: 1,
  roles: {
    reader: { tools: ['search'] },
    writer: { tools: ['edit'] },
    tester: { tools: [{ name: 'run', when: 'principal.name == "a"' }] },
    scoped: { tools: [{ name: 'run', scopes: ['s'] }] },
    picky: { tools: [{ name: 'run', scopes: ['s'], when: 'args.x == 1' }] },
    careful: { tools: ['run'], deny: { tools: [{ name: 'run', when: 'args.force == true' }] } },
  },
})

describe('what principals are shown', () => {
  it('D20 is one thing for those with the same roles', () => {
    const view = findSharedView(policy, holderOf('reader'))
    expect(view).toBeDefined()
    expect(findSharedView(policy, holderOf('reader'))).toBe(view)
    expect(findSharedView(policy, holderOf('reader', 'reader'))).toBe(view)
  })

  it('D20 is another for other roles, and under another policy', () => {
    const view = findSharedView(policy, holderOf('reader'))
    const other = definePolicy({ version: 1, roles: { reader: { tools: ['search'] } } })
    expect(findSharedView(policy, holderOf('writer'))).not.toBe(view)
    expect(findSharedView(policy, holderOf('reader', 'writer'))).not.toBe(view)
    expect(findSharedView(other, holderOf('reader'))).not.toBe(view)
  })

  it.each([
    ['no role', []],
    ['no role of the policy', ['nobody']],
    ['a condition in what is allowed', ['tester']],
    ['a condition in what is denied', ['careful']],
    ['a condition in one of several roles', ['reader', 'tester']],
  ])('D20 is not shared where there is %s', (_, roles) => {
    expect(findSharedView(policy, holderOf(...roles))).toBeUndefined()
  })

  it('D20 is one thing whatever the scopes of the token', () => {
    const view = findSharedView(policy, holderOf('scoped'))
    expect(view).toBeDefined()
    expect(findSharedView(policy, withScopes(holderOf('scoped'), 's'))).toBe(view)
  })

  it('D20 is another where a token could add other roles', () => {
    const plain = findSharedView(policy, holderOf('reader'))
    const view = findSharedView(policy, promised(holderOf('reader'), 'writer'))
    expect(view).toBeDefined()
    expect(view).not.toBe(plain)
    expect(findSharedView(policy, promised(holderOf('reader'), 'writer'))).toBe(view)
    expect(findSharedView(policy, promised(holderOf('reader'), 'scoped'))).not.toBe(view)
    expect(findSharedView(policy, promised(holderOf('writer'), 'reader'))).not.toBe(view)
    expect(findSharedView(policy, holderOf('reader', 'writer'))).not.toBe(view)
  })

  it.each([
    ['a token could add a condition', promised(holderOf('reader'), 'tester')],
    ['a condition stands beside scopes', holderOf('picky')],
    ['only a token gives a role', promised(holderOf(), 'reader')],
  ])('D20 is not shared where %s', (_, principal) => {
    expect(findSharedView(policy, principal)).toBeUndefined()
  })
})
