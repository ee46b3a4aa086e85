import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import { buildPolicy } from '../../src/policy/build-policy.js'
import { type CredentialRules, checkCredentials } from '../../src/policy/check-credentials.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition } from '../../src/policy/definition.js'
import { parsePolicyDocument } from '../../src/policy/parse-document.js'
import type { Policy } from '../../src/policy/policy.js'

type Keys = Omit<AssignmentDefinition<'r'>, 'roles'>
const modes = ['both', 'certificate', 'token', 'either', undefined] as const
const one = ['https://as.test']
const two = ['https://as.test', 'https://partner.test']

function policyOf(keys: Keys): Policy {
  return definePolicy({ version: 1, roles: { r: {} }, assignments: [{ ...keys, roles: ['r'] }] })
}

function problemsOf(policy: Policy, rules: CredentialRules): readonly string[] {
  try {
    checkCredentials(policy, rules)
    return []
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n')
    throw error
  }
}

const addCertificate =
  'add a key such as "spiffe", or "certificate: any" if every certificate is meant'
const addToken = 'add "token", with "token: any" if every token is meant'
const set = ', and no token is read: set the option oauth, or remove it'

describe('checkCredentials', () => {
  // Legal under: both, certificate, token, either, without oauth.
  it.each<[Keys, string]>([
    [{ dns: 'a.test' }, '.y.yy'],
    [{ certificate: 'any' }, '.y.yy'],
    [{ token: 'any' }, '..yy.'],
    [{ token: { subject: 'a' } }, '..yy.'],
    [{ dns: 'a.test', token: 'any' }, 'yy.y.'],
    [{ certificate: 'any', token: { client: 'a' } }, 'yy.y.'],
    [{ issuer: 'CN=a', token: 'any' }, 'yy.y.'],
    [{ dns: 'a.test', challenge: 'tool-result' }, '.y.y.'],
    [{ dns: 'a.test', token: 'any', challenge: 'tool-result' }, 'yy.y.'],
  ])('C11 %j is legal where the server wants: %s', (keys, expected) => {
    const policy = policyOf(keys)
    const legal = modes.map((require) => problemsOf(policy, { require, issuers: one }).length === 0)
    expect(legal.map((each) => (each ? 'y' : '.')).join('')).toBe(expected)
  })

  it.each<[Keys, CredentialRules['require'], readonly string[]]>([
    [{ dns: 'a.test' }, 'both', [`says nothing of the token, which "both" requires: ${addToken}`]],
    [
      { token: 'any' },
      'both',
      [`says nothing of the certificate, which "both" requires: ${addCertificate}`],
    ],
    [
      { token: 'any' },
      'certificate',
      [`says nothing of the certificate, which "certificate" requires: ${addCertificate}`],
    ],
    [
      { dns: 'a.test', issuer: 'CN=a' },
      'token',
      [
        "names certificates (dns, issuer), which oauth.require: 'token' does not look at: remove the keys, or require 'both' or 'either'",
        `says nothing of the token: ${addToken}`,
      ],
    ],
    [
      { certificate: 'any', token: 'any' },
      'token',
      [
        "names certificates (certificate), which oauth.require: 'token' does not look at: remove the keys, or require 'both' or 'either'",
      ],
    ],
    [
      { dns: 'a.test', token: 'any', challenge: 'tool-result' },
      undefined,
      [`has "token"${set}`, `has "challenge"${set}`],
    ],
  ])('C11 %j under %s says what to write', (keys, require, messages) => {
    const problems = problemsOf(policyOf(keys), { require, issuers: one })
    expect(problems).toEqual(messages.map((message) => `definePolicy: assignments[0]: ${message}`))
  })

  it('C02 an issuer the server does not have is an error', () => {
    const policy = policyOf({
      token: { issuer: ['https://as.test', 'https://as.test/', 'https://x.example'] },
    })
    const known = '(known: "https://as.test")'
    expect(problemsOf(policy, { require: 'either', issuers: one })).toEqual([
      `definePolicy: assignments[0]: unknown issuer "https://as.test/", did you mean "https://as.test"? ${known}`,
      `definePolicy: assignments[0]: unknown issuer "https://x.example" ${known}`,
    ])
  })

  it('C07 with two issuers, a user of one is not taken for the same name of the other', () => {
    const rules = { require: 'either', issuers: two } as const
    const message =
      'definePolicy: assignments[0]: could mean tokens of any issuer: add token.issuer ("https://as.test", "https://partner.test")'
    for (const token of [{ subject: 'a' }, { client: 'a' }, { claims: { g: 1 } }, { scopes: 'x' }])
      expect(problemsOf(policyOf({ token }), rules)).toEqual([message])
    const named = policyOf({ token: { issuer: 'https://partner.test', subject: 'a' } })
    expect(problemsOf(named, rules)).toEqual([])
    expect(problemsOf(policyOf({ token: 'any' }), rules)).toEqual([])
    expect(problemsOf(policyOf({ dns: 'a.test' }), rules)).toEqual([])
  })

  const text = `version: 1
roles:
  reader:
    tools:
      - search
      - { name: deploy, scopes: [mcp:deploy] }
      - name: x
        when: token.claims.level == 2
    prompts: [{ name: p, scopes: [a] }]
    resources: [{ uri: file:///a, scopes: [a] }]
    deny:
      tools:
        - name: z
          when: token.claims.level < 2
assignments:
  - dns: a.test
    roles: [reader]
  - dns: b.test
    token: any
    roles: [reader]
`

  it('tells every place that asks for a token where none is read', () => {
    const policy = buildPolicy(parsePolicyDocument('policy.yaml', text, 'yaml'))
    const scopes = `asks for scopes of a token${set}`
    expect(problemsOf(policy, { require: undefined, issuers: [] })).toEqual([
      `policy.yaml:6:33: roles.reader.tools[1].scopes: ${scopes}`,
      `policy.yaml:8:15: roles.reader.tools[2].when: asks for a token${set}`,
      `policy.yaml:9:34: roles.reader.prompts[0].scopes: ${scopes}`,
      `policy.yaml:10:43: roles.reader.resources[0].scopes: ${scopes}`,
      `policy.yaml:14:17: roles.reader.deny.tools[0].when: asks for a token${set}`,
      `policy.yaml:18:5: assignments[1]: has "token"${set}`,
    ])
    expect(problemsOf(policy, { require: 'certificate', issuers: one })).toEqual([])
  })
})
