import { describe, expect, it } from 'vitest'
import type { IdentityKind } from '../../src/identity/identify.js'
import { definePolicy } from '../../src/policy/define.js'
import { explainDenial } from '../../src/policy/explain.js'
import { createPrincipal } from '../../src/policy/principal.js'
import {
  extension,
  holderOf,
  type PeerOptions,
  peer,
  promised,
  resource,
  template,
  token,
  tool,
  withScopes,
} from './peer.js'

const policy = definePolicy({
  version: 1,
  roles: {
    reader: { tools: ['search'] },
    operator: {
      tools: ['*'],
      deny: { tools: ['docs.purge', '*x'], resources: ['**'], methods: ['skills/get'] },
    },
    deployer: {
      tools: [
        { name: 'deploy', scopes: ['a', 'b'] },
        { name: 'envs', scopes: ['a'], when: 'args.env == "dev"' },
      ],
    },
  },
  assignments: [{ dns: 'a.test', roles: ['reader'] }],
})

describe('explainDenial', () => {
  it.each([
    [tool('deploy'), 'add "deploy" to roles.reader.tools in definePolicy'],
    [
      { kind: 'prompt', name: 'greet', args: {} } as const,
      'add "greet" to roles.reader.prompts in definePolicy',
    ],
    [resource('file:///a'), 'add "file:///a" to roles.reader.resources in definePolicy'],
    [template('u://{id}'), 'add "u://{id}" to roles.reader.resources in definePolicy'],
    [tool('a"\n\ud800'), 'add "a\\"\\n\\ud800" to roles.reader.tools in definePolicy'],
    [tool('a*'), 'no entry of tools in definePolicy can allow this name (2 characters)'],
    [
      tool('a'.repeat(10_000)),
      'no entry of tools in definePolicy can allow this name (10000 characters)',
    ],
    [tool('a'.repeat(256)), `add "${'a'.repeat(256)}" to roles.reader.tools in definePolicy`],
    [
      tool('a'.repeat(257)),
      'no entry of tools in definePolicy can allow this name (257 characters)',
    ],
    [
      resource('no uri'),
      'no entry of resources in definePolicy can allow this name (6 characters)',
    ],
    [
      resource(`file:///${'a'.repeat(8185)}`),
      'a URI of more than 8192 characters is always denied (8193 characters)',
    ],
    [extension('skills/list'), 'add "skills/list" to roles.reader.methods in definePolicy'],
    [
      extension('initialize'),
      'no entry of methods in definePolicy can allow this name (10 characters)',
    ],
    [
      extension('no method'),
      'no entry of methods in definePolicy can allow this name (9 characters)',
    ],
    [tool('search'), 'allowed by roles.reader.tools[0] in definePolicy'],
  ])('says which entry would allow %j', (operation, text) => {
    expect(explainDenial(policy, holderOf('reader'), operation)).toBe(text)
  })

  it.each([
    [tool('docs.purge'), 'roles.operator.deny.tools[0] in definePolicy denies "docs.purge"'],
    [tool(`${'a'.repeat(300)}x`), 'roles.operator.deny.tools[1] in definePolicy denies the name'],
    [extension('skills/get'), 'roles.operator.deny.methods[0] in definePolicy denies "skills/get"'],
    [resource('file:///a'), 'roles.operator.deny.resources[0] in definePolicy denies "file:///a"'],
  ])('says which rule denied %j', (operation, text) => {
    expect(explainDenial(policy, holderOf('operator'), operation)).toBe(text)
  })

  it.each<[IdentityKind, PeerOptions, string]>([
    [
      'spiffe',
      { spiffe: 'spiffe://acme.test/x' },
      '- { spiffe: "spiffe://acme.test/x", roles: [...] }',
    ],
    ['dns', { dns: ['b.test'] }, '- { dns: "b.test", roles: [...] }'],
    [
      'dns',
      { authority: 'openai', dns: ['b.test'] },
      '- { authority: "openai", dns: "b.test", roles: [...] }',
    ],
    ['cn', { cn: ['agent'] }, '- { cn: "agent", roles: [...] }'],
    ['email', { email: ['a@b.test'] }, '- { email: "a@b.test", roles: [...] }'],
    ['uri', { uri: ['urn:x:1'] }, '- { uri: "urn:x:1", roles: [...] }'],
    ['dns', { dns: ['*.b.test'] }, `- { thumbprint: "${'A'.repeat(43)}", roles: [...] }`],
    [
      'uri',
      { uri: ['spiffe://a.test/a', 'spiffe://a.test/b'] },
      `- { thumbprint: "${'A'.repeat(43)}", roles: [...] }`,
    ],
  ])(
    'writes the assignment a principal without role is missing (%s %j)',
    (kind, options, stanza) => {
      const principal = createPrincipal(policy, { certificate: peer(options) }, [kind])
      const hint = explainDenial(policy, principal, tool('search'))
      expect(hint).toBe(
        `no assignment in definePolicy gives ${JSON.stringify(principal.name)} a role, add to assignments: ${stanza}`,
      )
      expect(explainDenial(policy, principal, { kind: 'lifecycle', method: 'ping' })).toBe(hint)
    },
  )

  it.each([
    [
      holderOf('deployer'),
      'roles.deployer.tools[0] in definePolicy wants the scopes "a", "b", and no token was sent',
    ],
    [
      withScopes(holderOf('deployer'), 'a'),
      'roles.deployer.tools[0] in definePolicy wants the scope "b", which the token lacks',
    ],
    [
      promised(holderOf('reader'), 'deployer'),
      'roles.deployer.tools[0] in definePolicy is for callers with a token, which an assignment asks for, and none was sent',
    ],
  ])('says what a token would have to carry', (principal, text) => {
    expect(explainDenial(policy, principal, tool('deploy'))).toBe(text)
  })

  it('says which condition holds back what scopes would be asked for', () => {
    expect(explainDenial(policy, holderOf('deployer'), tool('envs'))).toBe(
      'roles.deployer.tools[1] in definePolicy allows "envs" where its condition is true, and it is not',
    )
  })

  it('never tells a claim of a token', () => {
    const canary = 'canary-7f3a'
    const claims = { sub: canary, groups: [canary], client_id: canary }
    const given = token({ subject: canary, clientId: canary, claims, scopes: [canary] })
    const hints = [{ token: given }, { token: given, certificate: peer({ dns: ['b.test'] }) }].map(
      (each) => explainDenial(policy, createPrincipal(policy, each, ['dns']), tool('search')),
    )
    const stanza = 'token: { issuer: "https://as.test", kind: user, ... }, roles: [...] }'
    const start = 'no assignment in definePolicy gives the caller a role, add to assignments: - {'
    expect(hints).toEqual([`${start} ${stanza}`, `${start} dns: "b.test", ${stanza}`])
    expect(hints.join()).not.toContain(canary)
  })
})
