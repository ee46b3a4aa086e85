import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import type { Operation } from '../../src/mcp/operation.js'
import { decide, permits } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import type { Policy } from '../../src/policy/policy.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { expectLinearTime } from '../linear-time.js'
import { extension, holderOf, peer, resource, template, tool } from './peer.js'

const kinds = ['spiffe', 'uri', 'dns'] as const
const everyKind: readonly Operation[] = [
  tool('search'),
  { kind: 'prompt', name: 'greet', args: {} },
  resource('file:///public/a'),
  template('file:///public/{a}'),
  extension('skills/list'),
  { kind: 'lifecycle', method: 'tools/list' },
]

describe('decide', () => {
  it('an empty policy denies everything', () => {
    const policy = definePolicy({ version: 1 })
    const principal = createPrincipal(
      policy,
      { certificate: peer({ spiffe: 'spiffe://acme.test/a' }) },
      kinds,
    )
    for (const operation of everyKind) {
      expect(decide(policy, principal, operation)).toEqual({ effect: 'deny', reason: 'no-role' })
      expect(permits(policy, principal, operation)).toBe(false)
    }
  })

  it('D35 a role without entries allows nothing but the lifecycle', () => {
    const policy = definePolicy({ version: 1, roles: { empty: {} } })
    const decisions = everyKind.map((operation) => decide(policy, holderOf('empty'), operation))
    const denied = { effect: 'deny', reason: 'not-allowed' }
    expect(decisions).toEqual([...Array(5).fill(denied), { effect: 'allow', rule: 'lifecycle' }])
  })

  it('gives frozen decisions, which every caller shares', () => {
    const policy = definePolicy({
      version: 1,
      roles: { r: { tools: ['search', 's*'], deny: { tools: ['sell'] } } },
    })
    const holders = [holderOf('r'), holderOf()]
    const names = ['search', 'see', 'sell', 'other'].map(tool)
    const decisions = holders.flatMap((holder) =>
      [...names, ...everyKind].map((operation) => decide(policy, holder, operation)),
    )
    expect(decisions.filter((decision) => !Object.isFrozen(decision))).toEqual([])
  })

  it('a role the policy does not have is no role', () => {
    const policy = definePolicy({ version: 1, roles: { reader: { tools: ['*'] } } })
    for (const role of ['admin', '__proto__', 'constructor', 'reader,reader', '']) {
      expect(decide(policy, holderOf(role), tool('search'))).toEqual({
        effect: 'deny',
        reason: 'no-role',
      })
    }
  })

  it('refuses a policy that was not made by loadPolicy or definePolicy', () => {
    const forged = JSON.parse('{"source":"x","roles":["a"],"assignments":0}') as Policy
    expect(() => decide(forged, holderOf('a'), tool('search'))).toThrow(ConfigurationError)
  })

  it('an unknown kind of operation is denied', () => {
    const policy = definePolicy({ version: 1, roles: { all: { tools: ['*'], resources: ['**'] } } })
    const operation = { kind: 'agent', name: 'search' } as unknown as Operation
    expect(permits(policy, holderOf('all'), operation)).toBe(false)
  })

  it('does not take what a principal says of its roles after it has changed', () => {
    const policy = definePolicy({ version: 1, roles: { a: { tools: ['x'] }, b: { tools: ['y'] } } })
    const roles = ['a']
    const principal = { ...holderOf(), roles }
    expect(permits(policy, principal, tool('x'))).toBe(true)
    roles[0] = 'b'
    expect(permits(policy, principal, tool('x'))).toBe(false)
    expect(permits(policy, principal, tool('y'))).toBe(true)
  })
})

const acme = definePolicy({
  version: 1,
  roles: {
    reader: { tools: ['search', 'docs.*'], prompts: ['*'], resources: ['file:///public/**'] },
    operator: {
      extends: ['reader'],
      tools: ['status', { name: 'deploy' }],
      deny: { tools: ['docs.purge'] },
    },
    admin: { tools: ['*'], prompts: ['*'], resources: ['**'] },
    restricted: { deny: { tools: ['deploy', 'users.*'], resources: ['file:///secret/**'] } },
  },
  assignments: [
    { spiffe: 'spiffe://acme.test/ns/agents/**', roles: ['reader'] },
    { spiffe: 'spiffe://acme.test/ns/ops/sa/deployer', roles: ['operator'] },
    { dns: 'admin.acme.test', roles: ['admin'] },
    { o: 'Contractor', roles: ['restricted'] },
  ],
})

const principals = {
  agent: peer({ spiffe: 'spiffe://acme.test/ns/agents/sa/a' }),
  deployer: peer({ spiffe: 'spiffe://acme.test/ns/ops/sa/deployer' }),
  admin: peer({ dns: ['admin.acme.test'] }),
  'outside admin': peer({ dns: ['admin.acme.test'], o: ['Contractor'] }),
  contractor: peer({ dns: ['x.test'], o: ['Contractor'] }),
  stranger: peer({ spiffe: 'spiffe://other.test/ns/agents/sa/a' }),
}

const tools = ['search', 'docs.read', 'docs.purge', 'status', 'deploy', 'users.add', 'Search']
// One column for each tool, in the order of the list above; y = allowed.
const truth: readonly (readonly [keyof typeof principals, string])[] = [
  ['agent', ' y y y . . . . '],
  ['deployer', ' y y . y y . . '],
  ['admin', ' y y y y y y y '],
  ['outside admin', ' y y y y . . y '],
  ['contractor', ' . . . . . . . '],
  ['stranger', ' . . . . . . . '],
]

describe('who may call what', () => {
  it.each(truth)('%s: %s', (name, row) => {
    const principal = createPrincipal(acme, { certificate: principals[name] }, kinds)
    const actual = tools.map((text) => (permits(acme, principal, tool(text)) ? 'y' : '.'))
    expect(actual).toEqual(row.trim().split(' '))
  })

  it('names the place in the policy where the rule was written, also for what is inherited', () => {
    const rule = (name: string): unknown => decide(acme, holderOf('operator'), tool(name))
    expect(rule('deploy')).toEqual({ effect: 'allow', rule: 'roles.operator.tools[1]' })
    expect(rule('docs.read')).toEqual({ effect: 'allow', rule: 'roles.reader.tools[1]' })
    expect(rule('docs.purge')).toEqual({
      effect: 'deny',
      reason: 'denied',
      rule: 'roles.operator.deny.tools[0]',
    })
    expect(rule('users.add')).toEqual({ effect: 'deny', reason: 'not-allowed' })
  })

  it('D38 deny wins over every allow of every role the principal holds', () => {
    expect(decide(acme, holderOf('admin', 'operator'), tool('docs.purge'))).toMatchObject({
      reason: 'denied',
    })
    expect(permits(acme, holderOf('admin', 'reader'), tool('docs.purge'))).toBe(true)
  })

  it('inherits denies through extends', () => {
    const policy = definePolicy({
      version: 1,
      roles: {
        base: { deny: { tools: ['x'] } },
        mid: { extends: ['base'] },
        top: { extends: ['mid'], tools: ['*'] },
      },
    })
    expect(decide(policy, holderOf('top'), tool('x'))).toMatchObject({
      rule: 'roles.base.deny.tools[0]',
    })
  })

  it('a tool permission is no permission for prompts or resources', () => {
    const policy = definePolicy({ version: 1, roles: { a: { tools: ['*'] } } })
    expect(permits(policy, holderOf('a'), { kind: 'prompt', name: 'search', args: {} })).toBe(false)
    expect(permits(policy, holderOf('a'), resource('file:///a'))).toBe(false)
  })
})

describe('names from the wire', () => {
  const policy = definePolicy({
    version: 1,
    roles: { exact: { tools: ['danger', 'caf\u00e9', 'K'] }, all: { tools: ['*'] } },
  })

  it.each([
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'DANGER',
    'danger ',
    ' danger',
    'danger\u0000',
    'dan\u200dger',
    '\uff44anger',
    'cafe\u0301',
    '\u212a',
    '\ud800',
    '',
    '*',
    'x'.repeat(10_240),
  ])('D09 %j is not one of the names of the policy', (name) => {
    expect(decide(policy, holderOf('exact'), tool(name))).toEqual({
      effect: 'deny',
      reason: 'not-allowed',
    })
  })

  it('D09 an escape in JSON is the same name', () => {
    expect(permits(policy, holderOf('exact'), tool(JSON.parse('"dan\\u0067er"')))).toBe(true)
  })

  it('D38 a wildcard does not match __proto__, and does match other names', () => {
    expect(permits(policy, holderOf('all'), tool('__proto__'))).toBe(false)
    const named = definePolicy({ version: 1, roles: { a: { tools: ['__proto__'] } } })
    expect(permits(named, holderOf('a'), tool('__proto__'))).toBe(true)
    expect(permits(policy, holderOf('all'), tool('constructor'))).toBe(true)
  })

  it('D24 answers for a name nobody registered as for one that is forbidden', () => {
    const unknown = decide(policy, holderOf('exact'), tool('no-such-tool'))
    expect(decide(policy, holderOf('exact'), tool('registered-but-forbidden'))).toEqual(unknown)
  })

  it('D37 decides on a name of 100 KB in linear time', () => {
    const glob = definePolicy({
      version: 1,
      roles: { a: { tools: ['*a*a*a*a*b'], deny: { tools: ['*a*a*a*a*c'] } } },
    })
    const create = (size: number) => tool('a'.repeat(size))
    const run = (name: Operation) => expect(permits(glob, holderOf('a'), name)).toBe(false)
    expectLinearTime({ size: 100_000, create, run })
  })
})

describe('resources', () => {
  const policy = definePolicy({
    version: 1,
    roles: {
      all: { resources: ['**'] },
      guest: {
        resources: [
          'file:///public/**',
          'https://example.com',
          'users://{id}/profile',
          'db://t/*/rows',
        ],
      },
      limited: {
        resources: ['**'],
        deny: {
          resources: [
            'file:///secret/**',
            'file:///caf\u00e9',
            'https://h.test/admin',
            'db://t/*/keys',
          ],
        },
      },
    },
  })

  it.each([
    ['file:///public/a', 'allow'],
    ['file:///public/%2e%2e/secret', 'deny'],
    ['file:///public/../secret', 'deny'],
    ['file:///private', 'deny'],
    ['https://example.com', 'allow'],
    ['https://example.com/', 'deny'],
    ['db://t/a/rows', 'allow'],
    ['db://t/a/b/rows', 'deny'],
    [`file:///public/${'a'.repeat(8192 - 'file:///public/'.length)}`, 'allow'],
    [`file:///public/${'a'.repeat(8193 - 'file:///public/'.length)}`, 'deny'],
  ])('D10 %.80s: %s', (uri, effect) => {
    expect(decide(policy, holderOf('guest'), resource(uri)).effect).toBe(effect)
  })

  it.each([
    'file:///secret/a',
    'FILE:///secret/a',
    'file:///public/../secret/a',
    'file:///%73ecret/a',
    'file:///secret//a',
    'file:////secret/a',
    'file:///secret/',
    'file://localhost/secret/a',
    'file:///secret%2Fa',
    'file:///caf%C3%A9',
    'file:///caf%c3%a9',
    'https://h.test/admin?x',
    'https://user@h.test/admin',
    'https://H.test:443/admin#x',
    'https://h.test/%61dmin',
    'db://t/a/keys',
    'db://t/a/keys?x=y/z',
  ])('D10 a denied resource stays denied when written as %s', (uri) => {
    expect(decide(policy, holderOf('limited'), resource(uri))).toMatchObject({
      effect: 'deny',
      reason: 'denied',
    })
  })

  it('a deny leaves its neighbours alone', () => {
    for (const uri of [
      'file:///secrets',
      'https://h.test/admins',
      'https://h.test/administrators',
      'db://t/a/b/keys',
    ]) {
      expect(permits(policy, holderOf('limited'), resource(uri))).toBe(true)
    }
  })

  it.each([
    ['guest', 'users://{id}/profile', true],
    ['guest', 'users://{id}/secret', false],
    ['guest', 'file:///public/{path}', true],
    ['guest', 'file:///public/a/{path}', true],
    ['guest', 'file:///{path}', false],
    ['guest', 'file:///publi{path}', false],
    ['guest', 'file:///public/../{path}', false],
    ['guest', 'file:///public/%2e%2e/{path}', false],
    ['guest', 'db://t/{table}/rows', true],
    ['guest', 'file:///public/a', true],
    ['guest', 'file:///other/a', false],
    ['guest', '{+uri}', false],
    ['all', '{+uri}', true],
    ['limited', 'file:///secret/{path}', false],
    ['limited', 'file:///public/{path}', true],
  ])('D10 lists for %s the template %s: %s', (role, uriTemplate, expected) => {
    expect(permits(policy, holderOf(role), template(uriTemplate))).toBe(expected)
  })
})

describe('methods of extensions', () => {
  const policy = definePolicy({
    version: 1,
    roles: {
      skilled: { methods: ['skills/list', 'skills/get'] },
      heir: { extends: ['skilled'], deny: { methods: ['skills/get'] } },
      all: { tools: ['*'], prompts: ['*'], resources: ['**'] },
    },
  })

  it.each([
    ['skilled', 'skills/list', { effect: 'allow', rule: 'roles.skilled.methods[0]' }],
    ['skilled', 'skills/get', { effect: 'allow', rule: 'roles.skilled.methods[1]' }],
    ['heir', 'skills/list', { effect: 'allow', rule: 'roles.skilled.methods[0]' }],
    [
      'heir',
      'skills/get',
      { effect: 'deny', reason: 'denied', rule: 'roles.heir.deny.methods[0]' },
    ],
    ['skilled', 'skills/put', { effect: 'deny', reason: 'not-allowed' }],
    ['skilled', 'SKILLS/list', { effect: 'deny', reason: 'not-allowed' }],
    ['skilled', 'skills/list/', { effect: 'deny', reason: 'not-allowed' }],
    ['skilled', 'initialize', { effect: 'deny', reason: 'not-allowed' }],
    ['skilled', '__proto__', { effect: 'deny', reason: 'not-allowed' }],
    ['all', 'skills/list', { effect: 'deny', reason: 'not-allowed' }],
  ])('D05 decides for %s on %s', (role, method, decision) => {
    expect(decide(policy, holderOf(role), extension(method))).toEqual(decision)
  })

  it('D38 a deny of one role holds against the allow of another', () => {
    expect(permits(policy, holderOf('skilled', 'heir'), extension('skills/get'))).toBe(false)
    expect(permits(policy, holderOf('skilled', 'all'), extension('skills/get'))).toBe(true)
  })

  it('D05 a method is no tool, and a tool of its name is no method', () => {
    const named = definePolicy({ version: 1, roles: { a: { tools: ['skills/list'] } } })
    expect(permits(named, holderOf('a'), extension('skills/list'))).toBe(false)
    expect(permits(policy, holderOf('skilled'), tool('skills/list'))).toBe(false)
  })
})

describe('user interfaces of tools', () => {
  const policy = definePolicy({
    version: 1,
    roles: {
      viewer: {
        tools: ['search', { name: 'dashboard', ui: true }, { name: 'chart', ui: true }],
        resources: ['file:///public/**'],
      },
      plain: { tools: ['*', { name: 'dashboard' }] },
      careful: { extends: ['viewer'], deny: { resources: ['ui://admin/**', 'ui://x/secret'] } },
      none: { deny: { resources: ['**'] } },
    },
  })
  const rule = 'roles.viewer.tools[1].ui'

  it('D10 adds the ui:// resources, and names the entry', () => {
    for (const uri of [
      'ui://dashboard',
      'ui://dashboard/main.html',
      'ui://a/b/c?x=1#y',
      'ui:///a',
    ]) {
      expect(decide(policy, holderOf('viewer'), resource(uri))).toEqual({ effect: 'allow', rule })
    }
    expect(decide(policy, holderOf('viewer'), resource('file:///public/a'))).toEqual({
      effect: 'allow',
      rule: 'roles.viewer.resources[0]',
    })
    expect(decide(policy, holderOf('viewer'), tool('dashboard'))).toEqual({
      effect: 'allow',
      rule: 'roles.viewer.tools[1]',
    })
  })

  it('D10 lists the templates of user interfaces', () => {
    for (const text of ['ui://{name}', 'ui://dashboard/{+path}']) {
      expect(decide(policy, holderOf('viewer'), template(text))).toEqual({ effect: 'allow', rule })
    }
    for (const text of ['{+uri}', 'ui:{+rest}', 'ui:/{path}', 'u{x}', 'uix://{a}', 'UI://{a}']) {
      expect(permits(policy, holderOf('viewer'), template(text))).toBe(false)
    }
  })

  it.each([
    'UI://dashboard',
    'Ui://dashboard',
    ' ui://dashboard',
    'u\ti://dashboard',
    '\u0000ui://dashboard',
    'ui:dashboard',
    'ui:/dashboard',
    'ui%3A//dashboard',
    'uix://dashboard',
    'gui://dashboard',
    'https://h.test/ui://dashboard',
    'file:///ui://dashboard',
    'ui://dashboard/%2e%2e/admin',
    'ui://dashboard/a%2Fb',
    'ui://dashboard/a%00',
    'ui://dashboard/a\\b',
    'ui://dashboard/%zz',
    'ui://a b',
  ])('D10 %j is not one of them', (uri) => {
    expect(decide(policy, holderOf('viewer'), resource(uri))).toEqual({
      effect: 'deny',
      reason: 'not-allowed',
    })
  })

  it('D35 a tool without the switch adds nothing', () => {
    expect(permits(policy, holderOf('plain'), tool('dashboard'))).toBe(true)
    expect(permits(policy, holderOf('plain'), resource('ui://dashboard'))).toBe(false)
    expect(permits(policy, holderOf('plain'), template('ui://{name}'))).toBe(false)
  })

  it('is inherited, and D38 a deny of resources wins over it', () => {
    expect(decide(policy, holderOf('careful'), resource('ui://dashboard'))).toEqual({
      effect: 'allow',
      rule,
    })
    for (const uri of ['ui://admin/a', 'ui://admin//a', 'ui://x/secret', 'ui://x/%73ecret']) {
      expect(decide(policy, holderOf('careful'), resource(uri))).toMatchObject({ reason: 'denied' })
    }
    expect(permits(policy, holderOf('careful'), template('ui://admin/{page}'))).toBe(false)
    expect(permits(policy, holderOf('viewer', 'none'), resource('ui://dashboard'))).toBe(false)
  })
})
