import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { checkAuthorities } from '../../src/policy/check-authorities.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition } from '../../src/policy/definition.js'

const one = [{ name: 'default', trustDomains: [] }]
const two = [
  { name: 'internal', trustDomains: ['acme.test'] },
  { name: 'openai', trustDomains: ['shared.test'] },
  { name: 'other', trustDomains: ['shared.test'] },
]

function policyOf(keys: Omit<AssignmentDefinition<'r'>, 'roles'>) {
  return definePolicy({ version: 1, roles: { r: {} }, assignments: [{ ...keys, roles: ['r'] }] })
}

describe('checkAuthorities', () => {
  it.each([
    ['one authority, none named', one, { dns: 'a.test' }],
    ['the one authority named', one, { authority: 'default', dns: 'a.test' }],
    ['one of several named', two, { authority: 'openai', dns: 'a.test' }],
    ['a trust domain of one authority', two, { spiffe: 'spiffe://acme.test/**' }],
    ['a token alone', two, { token: { subject: 'a' } as const }],
    ['any certificate of one of several', two, { certificate: 'any', authority: 'other' } as const],
  ])('accepts %s', (_, authorities, keys) => {
    expect(checkAuthorities(policyOf(keys), authorities, ['dns'])).toBeUndefined()
  })

  const anyAuthority =
    'definePolicy: assignments[0]: could mean certificates of any authority: add "authority" ("internal", "openai", "other"), or give its SPIFFE trust domain to exactly one authority'

  it.each([
    ['no authority is named', { dns: 'a.test' }],
    ['no authority is named beside a token', { dns: 'a.test', token: 'any' } as const],
    ['any certificate is named', { certificate: 'any' } as const],
    ['the trust domain is of no authority', { spiffe: 'spiffe://x.test/**' }],
    ['the trust domain is of two authorities', { spiffe: 'spiffe://shared.test/**' }],
    [
      'one of several trust domains is of none',
      { spiffe: ['spiffe://acme.test/a', 'spiffe://x.test/a'] },
    ],
  ])('refuses several authorities where %s', (_, keys) => {
    expect(() => checkAuthorities(policyOf(keys), two, ['dns'])).toThrow(
      expect.objectContaining({ message: anyAuthority }),
    )
  })

  it('B03 refuses two authorities as well as three', () => {
    for (const count of [2, 3]) {
      const authorities = two.slice(0, count)
      expect(() => checkAuthorities(policyOf({ dns: 'a.test' }), authorities, ['dns'])).toThrow(
        'could mean certificates of any authority',
      )
    }
  })

  it('an unknown authority is an error that lists the known ones', () => {
    const policy = policyOf({ authority: ['opnai', 'x'], dns: 'a.test' })
    expect(() => checkAuthorities(policy, two, ['dns'])).toThrow(
      expect.objectContaining({
        message: [
          'definePolicy: assignments[0]: unknown authority "opnai", did you mean "openai"? (known: "internal", "openai", "other")',
          'definePolicy: assignments[0]: unknown authority "x" (known: "internal", "openai", "other")',
        ].join('\n'),
      }),
    )
  })

  it('cn that is no identity kind is an error that names the option', () => {
    expect(() => checkAuthorities(policyOf({ cn: 'a' }), one, ['spiffe', 'dns'])).toThrow(
      new PolicyError('definePolicy', [
        {
          path: 'assignments[0]',
          message:
            "asks for a common name, which is not taken from certificates: set the option identity: ['spiffe', 'dns', 'cn'], or use another key than \"cn\"",
        },
      ]),
    )
    expect(checkAuthorities(policyOf({ cn: 'a' }), one, ['cn'])).toBeUndefined()
  })
})
