import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { definePolicy } from '../../src/policy/define.js'

function issuesOf(define: () => unknown): readonly string[] {
  try {
    define()
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n')
    throw error
  }
  return []
}

describe('definePolicy', () => {
  it('a misspelt role does not compile, and is refused', () => {
    expect(
      issuesOf(() =>
        definePolicy({
          version: 1,
          roles: {
            reader: {},
            // @ts-expect-error no role of this name
            operator: { extends: ['raeder'] },
          },
          // @ts-expect-error no role of this name
          assignments: [{ dns: 'a.test', roles: ['opertor'] }],
        }),
      ),
    ).toEqual([
      'definePolicy: roles.operator.extends[0]: unknown role "raeder", did you mean "reader"?',
      'definePolicy: assignments[0].roles[0]: unknown role "opertor", did you mean "operator"?',
    ])
  })

  it('D35 a misspelt key does not compile, and is refused', () => {
    expect(
      issuesOf(() =>
        definePolicy({
          version: 1,
          // @ts-expect-error the key is tools
          roles: { reader: { tool: ['a'] } },
        }),
      ),
    ).toEqual(['definePolicy: roles.reader.tool: unknown key, did you mean "tools"?'])
  })

  it('D35 the switch for user interfaces is true or absent, and never in a deny', () => {
    expect(
      issuesOf(() =>
        definePolicy({
          version: 1,
          roles: {
            reader: {
              // @ts-expect-error true is the only value
              tools: [{ name: 'a', ui: false }],
              // @ts-expect-error a deny has no such key
              deny: { tools: [{ name: 'a', ui: true }] },
            },
          },
        }),
      ),
    ).toEqual([
      'definePolicy: roles.reader.tools[0].ui: must be true, or left out: remove the key',
      'definePolicy: roles.reader.deny.tools[0].ui: unknown key, known here: name, when',
    ])
    expect(() =>
      definePolicy({ version: 1, roles: { r: { tools: [{ name: 'a', ui: undefined }] } } }),
    ).not.toThrow()
  })

  it('an assignment to a role of a policy without roles does not compile, and is refused', () => {
    expect(
      issuesOf(() =>
        // @ts-expect-error there is no role
        definePolicy({ version: 1, assignments: [{ dns: 'a.test', roles: ['reader'] }] }),
      ),
    ).toEqual([
      'definePolicy: assignments[0].roles[0]: unknown role "reader": define it under roles',
    ])
  })

  it('issues have no line', () => {
    expect(() => definePolicy({ version: 1, roles: { r: { tools: [] } } })).toThrow(
      expect.objectContaining({
        issues: [
          { path: 'roles.r.tools', message: 'is an empty list: add an entry, or remove the key' },
        ],
      }),
    )
  })

  it('an assignment whose keys are all undefined matches nobody: it is refused', () => {
    expect(
      issuesOf(() =>
        definePolicy({
          version: 1,
          roles: { r: {} },
          assignments: [{ dns: undefined, roles: ['r'] }],
        }),
      ),
    ).toEqual([
      'definePolicy: assignments[0]: names no certificate: add one of authority, spiffe, uri, dns, email, cn, ou, o, thumbprint',
    ])
  })

  it.each(['authority', 'email', 'cn', 'ou', 'o', 'issuer'])(
    'B03 %s is compared exactly, alone and in a list: a wildcard is refused',
    (key) => {
      const advice = `has a wildcard, but ${key} is compared exactly: write each value in a list`
      for (const [value, place] of [
        ['a*', key],
        [['x', 'a*'], `${key}[1]`],
      ] as const) {
        const assignment = { dns: 'a.test', [key]: value, roles: ['r'] as const }
        expect(
          issuesOf(() => definePolicy({ version: 1, roles: { r: {} }, assignments: [assignment] })),
        ).toEqual([`definePolicy: assignments[0].${place}: "a*" ${advice}`])
      }
    },
  )

  it.each([null, undefined, 1, 'version: 1', []])('D35 refuses %j', (value) => {
    const [issue] = issuesOf(() => definePolicy(value as never))
    expect(issue).toMatch(/^definePolicy: .* must be a mapping$/)
  })

  it('a chain of 50,000 roles is no problem', () => {
    const roles: Record<string, { extends?: readonly string[] }> = { r0: {} }
    for (let index = 1; index < 50_000; index++) roles[`r${index}`] = { extends: [`r${index - 1}`] }
    expect(definePolicy<string>({ version: 1, roles }).roles).toHaveLength(50_000)
  })
})
