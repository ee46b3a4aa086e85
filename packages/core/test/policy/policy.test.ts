import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../src/policy/define.js'
import { isPolicy } from '../../src/policy/policy.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['a'] }, admin: {} },
  assignments: [
    { dns: 'a.test', roles: ['reader'] },
    { cn: 'agent', roles: ['admin'] },
  ],
})

describe('a policy', () => {
  it('tells what it holds', () => {
    expect(policy).toEqual({
      source: 'definePolicy',
      roles: ['reader', 'admin'],
      assignments: 2,
      usesCommonNames: true,
      warnings: [],
    })
    expect(definePolicy({ version: 1 }).usesCommonNames).toBe(false)
  })

  it('is frozen', () => {
    expect(Object.isFrozen(policy)).toBe(true)
    expect(Object.isFrozen(policy.roles)).toBe(true)
  })

  it('cannot be made by hand', () => {
    expect(isPolicy(policy)).toBe(true)
    const forgeries = [
      { ...policy },
      Object.create(policy),
      structuredClone(policy),
      null,
      'policy',
      {},
    ]
    for (const forged of forgeries) expect(isPolicy(forged)).toBe(false)
  })

  it('does not change with the definition it was made from', () => {
    const tools = ['a']
    const definition = { version: 1, roles: { reader: { tools } } } as const
    const made = definePolicy(definition)
    tools.push('b')
    expect(made.roles).toEqual(['reader'])
  })
})
