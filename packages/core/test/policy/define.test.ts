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
      'definePolicy: assignments[0]: names neither a certificate nor a token: add one of authority, spiffe, uri, dns, email, cn, ou, o, thumbprint, certificate, token',
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

  it.each<[unknown, string]>([
    [5, 'token: has the wrong type, must be "any", or a mapping of what the token has to hold'],
    [null, 'token: is empty, must be "any", or a mapping of what the token has to hold'],
    ['all', 'token: must be "any", or a mapping of what the token has to hold'],
    [{}, 'token: is an empty mapping: add an entry, or write "token: any"'],
    [{ subject: undefined }, 'token: is an empty mapping: add an entry, or write "token: any"'],
    [{ sujbect: 'a' }, 'token.sujbect: unknown key, did you mean "subject"?'],
    [
      { sub: 'a' },
      'token.sub: unknown key, known here: issuer, kind, subject, client, scopes, claims',
    ],
    [
      { subject: 'a*' },
      'token.subject: "a*" has a wildcard, but subject is compared exactly: write each value in a list, or "token: any"',
    ],
    [
      { subject: 7 },
      'token.subject: has the wrong type, must be text (put it in quotes) or a list of texts',
    ],
    [{ issuer: [] }, 'token.issuer: is an empty list: add an entry, or remove the key'],
    [{ kind: 'robot' }, 'token.kind: must be "user" or "client"'],
    [
      { scopes: ['a', 'b c'] },
      'token.scopes[1]: "b c" is no scope of OAuth: write each as an entry of its own, without spaces, quotes and "\\"',
    ],
    [{ claims: {} }, 'token.claims: is an empty mapping: add an entry, or write "token: any"'],
    [
      { claims: { a: { b: {} } } },
      'token.claims.a.b: is an empty mapping: add an entry, or write "token: any"',
    ],
    [{ claims: 'admin' }, 'token.claims: has the wrong type, must be a mapping'],
    [
      { claims: { a: null } },
      'token.claims.a: is empty, must be text, a number, true or false, a list of these, or a mapping of claims',
    ],
    [
      { claims: { a: ['x', {}] } },
      'token.claims.a[1]: has the wrong type, must be text, a number, true or false',
    ],
    [
      { claims: { id: 2 ** 53 } },
      'token.claims.id: is a number that is not kept exactly: put it in quotes if the claim is text',
    ],
    [
      JSON.parse('{ "claims": { "__proto__": "x" } }'),
      'token.claims.__proto__: is no name of a claim: remove it',
    ],
    [
      JSON.parse('{ "claims": { "a": { "__proto__": { "b": "x" } } } }'),
      'token.claims.a.__proto__: is no name of a claim: remove it',
    ],
    [{ claims: { '': 'x' } }, 'token.claims[""]: is no name of a claim: remove it'],
  ])('D35 refuses the token %j', (token, message) => {
    const assignments = [{ dns: 'a.test', token, roles: ['r'] }]
    const define = () => definePolicy({ version: 1, roles: { r: {} }, assignments } as never)
    expect(issuesOf(define)).toEqual([`definePolicy: assignments[0].${message}`])
  })

  it.each<[object, string]>([
    [
      { certificate: 'some' },
      'certificate: must be "any", or left out: write what the certificate has to be under keys such as "dns"',
    ],
    [
      { certificate: 'any', dns: 'a.test' },
      'certificate: says any certificate beside "dns": remove one of the two',
    ],
    [{ dns: 'a.test', challenge: 'http' }, 'challenge: must be "tool-result", or left out'],
  ])('D35 refuses the assignment %j', (keys, message) => {
    const assignments = [{ ...keys, roles: ['r'] }]
    const define = () => definePolicy({ version: 1, roles: { r: {} }, assignments } as never)
    expect(issuesOf(define)).toEqual([`definePolicy: assignments[0].${message}`])
  })

  it('C20 scopes of an entry are scopes of OAuth, and none of a deny', () => {
    const define = (entry: object) => () =>
      definePolicy({ version: 1, roles: { r: entry } } as never)
    expect(issuesOf(define({ tools: [{ name: 'a', scopes: ['a"b'] }] }))).toEqual([
      'definePolicy: roles.r.tools[0].scopes[0]: "a\\"b" is no scope of OAuth: write each as an entry of its own, without spaces, quotes and "\\"',
    ])
    expect(issuesOf(define({ deny: { prompts: [{ name: 'a', scopes: ['x'] }] } }))).toEqual([
      'definePolicy: roles.r.deny.prompts[0].scopes: unknown key here, since a deny holds whatever a token carries: write "scopes" in an allow entry',
    ])
  })

  it('tokens and scopes are typed', () => {
    const policy = definePolicy({
      version: 1,
      roles: {
        ops: {
          tools: [{ name: 'deploy', scopes: ['mcp:deploy'] }],
          prompts: [{ name: 'p', scopes: ['p'] }],
          resources: [{ uri: 'file:///a', scopes: ['r'] }],
        },
      },
      assignments: [
        {
          token: {
            issuer: 'https://as.test',
            kind: 'user',
            claims: { groups: ['platform'], realm_access: { roles: 'admin' }, level: 2 },
          },
          roles: ['ops'],
        },
        { certificate: 'any', token: 'any', challenge: 'tool-result', roles: ['ops'] },
      ],
    })
    expect(policy.assignments).toBe(2)
  })

  it('warns of roles that need no token where callers are told how to get one', () => {
    const policy = definePolicy({
      version: 1,
      roles: { r: {} },
      assignments: [
        { dns: 'a.test', challenge: 'tool-result', roles: ['r'] },
        { dns: 'a.test', token: 'any', challenge: 'tool-result', roles: ['r'] },
        { dns: 'a.test', roles: ['r'] },
      ],
    })
    expect(policy.warnings).toEqual([
      'definePolicy: assignments[0].challenge: gives its roles without a token to whoever uses the certificate: add "token" where users share it',
    ])
  })
})
