import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/errors.js'
import type { Operation } from '../../src/mcp/operation.js'
import { buildPolicy } from '../../src/policy/build-policy.js'
import { decide, permits } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import { explainDenial } from '../../src/policy/explain.js'
import { parsePolicyDocument } from '../../src/policy/parse-document.js'
import { holderOf, resource, template } from './peer.js'

const isDev = 'args.env in ["dev", "staging"]'

const policy = definePolicy({
  version: 1,
  roles: {
    operator: {
      tools: [
        { name: 'deploy', when: isDev },
        { name: 'docs.*', when: 'args.lang == "en"' },
        { name: 'panel', ui: true, when: 'args.mode == "read"' },
      ],
      prompts: [{ name: 'greet', when: 'args.lang == "en"' }],
      resources: [
        { uri: 'file:///srv/**', when: '!uri.endsWith(".key")' },
        { uri: 'file:///exact', when: 'certificate.authority == "mesh"' },
      ],
    },
    releaser: { tools: [{ name: 'deploy', when: 'args.env == "prod"' }] },
    lead: { tools: ['deploy'] },
    careful: {
      tools: ['*'],
      resources: ['file:///**'],
      deny: {
        tools: [
          { name: 'deploy', when: '!(args.env in ["dev"])' },
          { name: 'docs.*', when: 'args.lang == "xx"' },
        ],
        prompts: [{ name: 'greet', when: 'args.lang == "xx"' }],
        resources: [
          { uri: 'file:///srv/**', when: 'uri.endsWith(".key")' },
          { uri: 'file:///café', when: 'true' },
        ],
      },
    },
  },
})

function call(name: string, args: Readonly<Record<string, unknown>> | undefined): Operation {
  return { kind: 'tool', name, args }
}

function get(name: string, args: Readonly<Record<string, unknown>> | undefined): Operation {
  return { kind: 'prompt', name, args }
}

describe('an entry with a condition', () => {
  it.each([
    ['operator', call('deploy', { env: 'dev' }), 'roles.operator.tools[0]'],
    ['operator', call('docs.read', { lang: 'en' }), 'roles.operator.tools[1]'],
    ['operator', get('greet', { lang: 'en' }), 'roles.operator.prompts[0]'],
    ['operator', resource('file:///srv/a.md'), 'roles.operator.resources[0]'],
    ['operator', template('file:///srv/{name}'), 'roles.operator.resources[0]'],
    ['operator', call('deploy', undefined), 'roles.operator.tools[0]'],
    ['operator', get('greet', undefined), 'roles.operator.prompts[0]'],
    ['operator', resource('ui://panel'), 'roles.operator.tools[2].ui'],
  ])('D08 allows %s %j by its own line', (role, operation, rule) => {
    expect(decide(policy, holderOf(role), operation)).toEqual({ effect: 'allow', rule })
  })

  it.each([
    ['operator', call('deploy', { env: 'prod' })],
    ['operator', call('deploy', {})],
    ['operator', call('docs.read', { lang: 'de' })],
    ['operator', call('docs.read', {})],
    ['operator', get('greet', { lang: 'de' })],
    ['operator', resource('file:///srv/a.key')],
    ['operator', resource('file:///srv/a.%6bey')],
    ['operator', template('file:///srv/a.key')],
    ['operator', resource('file:///exact')],
    ['operator', template('file:///exact')],
  ])('D08 allows nothing where it is not true: %s %j', (role, operation) => {
    expect(decide(policy, holderOf(role), operation)).toEqual({
      effect: 'deny',
      reason: 'not-allowed',
    })
  })

  it.each([
    [call('deploy', { env: 'prod' }), 'roles.careful.deny.tools[0]'],
    [call('deploy', {}), 'roles.careful.deny.tools[0]'],
    [call('docs.read', { lang: 'xx' }), 'roles.careful.deny.tools[1]'],
    [call('docs.read', {}), 'roles.careful.deny.tools[1]'],
    [resource('file:///srv/a.key'), 'roles.careful.deny.resources[0]'],
    [resource('file:///srv/a.%6bey'), 'roles.careful.deny.resources[0]'],
    [resource('file:///srv/a.key?x=1'), 'roles.careful.deny.resources[0]'],
    [resource('file://user@/srv//a.key'), 'roles.careful.deny.resources[0]'],
    [template('file:///srv/a.key'), 'roles.careful.deny.resources[0]'],
    [resource('file:///caf%C3%A9'), 'roles.careful.deny.resources[1]'],
  ])('D08 denies where it is anything but false: %j', (operation, rule) => {
    expect(decide(policy, holderOf('careful'), operation)).toEqual({
      effect: 'deny',
      reason: 'denied',
      rule,
    })
  })

  it.each([
    call('deploy', { env: 'dev' }),
    call('deploy', undefined),
    call('docs.read', { lang: 'en' }),
    resource('file:///srv/a.md'),
    template('file:///srv/{name}'),
  ])('D19 denies nothing where it is false or not known yet: %j', (operation) => {
    expect(permits(policy, holderOf('careful'), operation)).toBe(true)
  })

  it('D08 a deny with a condition wins over every allow, of whatever role', () => {
    const both = holderOf('careful', 'lead')
    expect(permits(policy, both, call('deploy', { env: 'dev' }))).toBe(true)
    expect(permits(policy, both, call('deploy', { env: 'prod' }))).toBe(false)
  })

  it('any one entry that is met allows, and one without a condition is told first', () => {
    const two = holderOf('operator', 'releaser')
    expect(decide(policy, two, call('deploy', { env: 'prod' }))).toEqual({
      effect: 'allow',
      rule: 'roles.releaser.tools[0]',
    })
    expect(permits(policy, two, call('deploy', { env: 'qa' }))).toBe(false)
    expect(decide(policy, holderOf('operator', 'lead'), call('deploy', { env: 'dev' }))).toEqual({
      effect: 'allow',
      rule: 'roles.lead.tools[0]',
    })
  })

  it('D08 a pattern with a condition opens no inherited name', () => {
    const open = definePolicy({
      version: 1,
      roles: {
        a: { tools: [{ name: '*', when: 'true' }] },
        b: { tools: [{ name: '__proto__', when: 'true' }] },
      },
    })
    expect(permits(open, holderOf('a'), call('__proto__', {}))).toBe(false)
    expect(permits(open, holderOf('a'), call('x', {}))).toBe(true)
    expect(permits(open, holderOf('b'), call('__proto__', {}))).toBe(true)
  })

  it('an interface can be read as its tool can be listed', () => {
    const own = definePolicy({
      version: 1,
      roles: {
        mesh: { tools: [{ name: 'panel', ui: true, when: 'certificate.authority == "mesh"' }] },
        both: {
          tools: [
            { name: 'a', ui: true, when: 'certificate.authority == "mesh"' },
            { name: 'b', ui: true },
          ],
        },
      },
    })
    expect(permits(own, holderOf('mesh'), resource('ui://panel'))).toBe(false)
    expect(decide(own, holderOf('both'), resource('ui://panel'))).toEqual({
      effect: 'allow',
      rule: 'roles.both.tools[1].ui',
    })
  })

  it('is named where it is why something is denied, without the arguments', () => {
    const denied = call('deploy', { env: 'canary-7f3a91' })
    expect(explainDenial(policy, holderOf('operator'), denied)).toBe(
      'roles.operator.tools[0] in definePolicy allows "deploy" where its condition is true, and it is not',
    )
    expect(explainDenial(policy, holderOf('careful'), denied)).toBe(
      'roles.careful.deny.tools[0] in definePolicy denies "deploy"',
    )
    expect(explainDenial(policy, holderOf('operator'), call('other', {}))).toBe(
      'add "other" to roles.operator.tools in definePolicy',
    )
  })
})

const text = `version: 1
roles:
  operator:
    tools:
      - name: deploy
        when: args.env != "prod"
      - name: purge
        when: args.env ==
      - { name: a, wen: "true" }
    prompts:
      - { name: greet, when: "uri == 'a'" }
      - { uri: 'file:///a' }
    resources:
      - uri: file:///**
        when: timestamp("2030-01-01T00:00:00Z") > now
      - 5
    deny:
      tools:
        - { name: x, when: tokn.subject == "a" }
        - { name: x, when: true }
`

function load(document: string) {
  return buildPolicy(parsePolicyDocument('policy.yaml', document, 'yaml'))
}

describe('a policy file with conditions', () => {
  it('D35 tells every mistake at its place, with what CEL says', () => {
    const problems = (() => {
      try {
        load(text)
      } catch (error) {
        if (error instanceof PolicyError) return error.message.split('\n')
      }
      return []
    })()
    expect(problems.map((line) => line.replace(/: found .*$/, ': found …'))).toEqual([
      'policy.yaml:8:15: roles.operator.tools[1].when: is no CEL: 1:10: found …',
      'policy.yaml:9:20: roles.operator.tools[2].wen: unknown key, did you mean "when"?',
      'policy.yaml:11:30: roles.operator.prompts[0].when: reads "uri", which is not known here; the variables are args, prompt, principal, certificate, token',
      'policy.yaml:12:9: roles.operator.prompts[1].name: is missing, must be text (put it in quotes)',
      'policy.yaml:12:11: roles.operator.prompts[1].uri: unknown key, known here: name, when, scopes',
      'policy.yaml:15:15: roles.operator.resources[0].when: uses "timestamp", but a decision depends on no clock: limit the validity of certificates instead',
      'policy.yaml:16:9: roles.operator.resources[1]: has the wrong type, must be text (put it in quotes) or a mapping with the key "uri"',
      'policy.yaml:19:28: roles.operator.deny.tools[0].when: reads "tokn", which is not known here; the variables are args, tool, principal, certificate, token',
      'policy.yaml:20:28: roles.operator.deny.tools[1].when: has the wrong type, must be text (put it in quotes)',
    ])
  })

  it('D08 warns, with the place, of a comparison that leaves the rest open', () => {
    const loaded = load(`version: 1
roles:
  operator:
    tools:
      - name: deploy
        when: args.env != "prod"
    deny:
      resources:
        - { uri: 'file:///**', when: 'uri == "file:///secret"' }
`)
    expect(loaded.warnings).toEqual([
      'policy.yaml:6:15: roles.operator.tools[0].when: `args.env != "prod"` lets every other spelling and type of the value through: name what is allowed, as in `args.env in ["dev", "staging"]`',
      'policy.yaml:9:38: roles.operator.deny.resources[0].when: `uri == "file:///secret"` denies no other spelling and type of the value: name what is allowed in the allow entry instead',
    ])
    expect(Object.isFrozen(loaded.warnings)).toBe(true)
    expect(policy.warnings).toEqual([
      expect.stringMatching(/^definePolicy: roles\.careful\.deny\.tools\[1\]\.when: `args\.lang/),
      expect.stringMatching(/^definePolicy: roles\.careful\.deny\.prompts\[0\]\.when: `args\.lang/),
    ])
  })
})
