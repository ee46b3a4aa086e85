import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../src/policy/define.js'
import { permissionsOf } from '../../src/policy/permissions.js'
import { compiledOf } from '../../src/policy/policy.js'

const compiled = compiledOf(
  definePolicy({ version: 1, roles: { a: { tools: ['x'] }, b: { tools: ['y'] }, c: {} } }),
)

describe('permissionsOf', () => {
  it('works a set of roles out once, whatever their order, repetition and strangers', () => {
    const first = permissionsOf(compiled, ['a', 'b'])
    expect(first).toBeDefined()
    for (const roles of [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b', 'a'],
      ['x', 'b', 'a'],
      Object.freeze(['a', 'b']),
    ]) {
      expect(permissionsOf(compiled, roles)).toBe(first)
    }
    expect(permissionsOf(compiled, ['a'])).not.toBe(first)
    expect(permissionsOf(compiled, ['a', 'b'])).toBe(first)
  })

  it('holds at most 10,000 sets', () => {
    const names = Array.from({ length: 10_001 }, (_, index) => `r${index}`)
    const roles = Object.fromEntries(names.map((name) => [name, { tools: [name] }]))
    const many = compiledOf(definePolicy<string>({ version: 1, roles }))
    const sizes = names.map((name) => {
      permissionsOf(many, [name])
      return many.permissions.bySet.size
    })
    expect(Math.max(...sizes)).toBe(10_000)
    expect(sizes.at(-1)).toBe(1)
    expect(permissionsOf(many, ['r0'])?.tools.allow.exact.get('r0')).toEqual({
      effect: 'allow',
      rule: 'roles.r0.tools[0]',
    })
  })

  it('gives none where no role is known', () => {
    expect(permissionsOf(compiled, [])).toBeUndefined()
    expect(permissionsOf(compiled, ['x', '__proto__'])).toBeUndefined()
  })
})
