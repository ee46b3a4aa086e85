import { describe, expect, it } from 'vitest'
import type { Operation } from '../../src/mcp/operation.js'
import { decide, permits } from '../../src/policy/decide.js'
import { definePolicy } from '../../src/policy/define.js'
import type { Principal } from '../../src/policy/principal.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { holderOf, peer, promised, resource, template, token, tool, withScopes } from './peer.js'

const prompt = (name: string): Operation => ({ kind: 'prompt', name, args: {} })
const lifecycle: Operation = { kind: 'lifecycle', method: 'tools/list' }

const policy = definePolicy({
  version: 1,
  roles: {
    operator: {
      tools: [
        'status',
        { name: 'deploy', scopes: ['mcp:deploy', 'mcp:write'] },
        { name: 'dep*', scopes: ['mcp:admin'] },
        { name: 'both', scopes: ['b', 'a'] },
        { name: 'both', scopes: ['c', 'd', 'e'] },
        { name: 'docs.*', scopes: ['docs'] },
        { name: 'envs', scopes: ['e'], when: 'args.env in ["dev"]' },
      ],
      prompts: [{ name: 'p*', scopes: ['p'] }],
      resources: [{ uri: 'file:///s/**', scopes: ['r'] }, 'file:///open'],
      deny: { tools: ['docs.purge'] },
    },
    free: { tools: ['deploy'] },
    chart: { tools: [{ name: 'chart', ui: true, scopes: ['ui'] }] },
    conditional: { tools: [{ name: 'envs', when: 'args.env in ["dev"]' }] },
    purger: { tools: ['docs.purge'] },
    strict: { tools: ['*'], deny: { tools: ['status'] } },
    claims: {
      tools: [{ name: 'x', when: 'token.claims.level == 2' }],
      deny: { tools: [{ name: 'y', when: 'token.claims.level < 2' }] },
    },
    ys: { tools: ['y'] },
  },
})

const scoped = 'roles.operator.tools'
const allow = (rule: string) => ({ effect: 'allow', rule })
const scopes = (rule: string, ...wanted: readonly string[]) => ({
  effect: 'challenge',
  wants: 'scopes',
  scopes: wanted,
  rule,
})
const wantsToken = (rule: string) => ({ effect: 'challenge', wants: 'token', rule })
const denied = (reason: string, rule?: string) => ({
  effect: 'deny',
  reason,
  ...(rule && { rule }),
})
const operator = holderOf('operator')

describe('entries with scopes', () => {
  it.each<[string, Principal, Operation, object]>([
    [
      'all of them',
      withScopes(operator, 'mcp:write', 'mcp:deploy'),
      tool('deploy'),
      allow(`${scoped}[1]`),
    ],
    [
      'those of another entry',
      withScopes(operator, 'mcp:admin'),
      tool('deploy'),
      allow(`${scoped}[2]`),
    ],
    [
      'some of one entry',
      withScopes(operator, 'mcp:write'),
      tool('deploy'),
      scopes(`${scoped}[1]`, 'mcp:deploy', 'mcp:write'),
    ],
    ['none', withScopes(operator), tool('deploy'), scopes(`${scoped}[2]`, 'mcp:admin')],
    [
      'most of a longer list',
      withScopes(operator, 'c', 'd'),
      tool('both'),
      scopes(`${scoped}[4]`, 'c', 'd', 'e'),
    ],
    ['as few of each', withScopes(operator, 'c'), tool('both'), scopes(`${scoped}[3]`, 'b', 'a')],
    [
      'what only looks like it',
      withScopes(operator, 'docs:read', 'DOCS'),
      tool('docs.read'),
      scopes(`${scoped}[5]`, 'docs'),
    ],
    [
      'what matches a pattern',
      withScopes(operator, 'docs'),
      tool('docs.read'),
      allow(`${scoped}[5]`),
    ],
    ['a prompt its', withScopes(operator, 'p'), prompt('pp'), allow('roles.operator.prompts[0]')],
    ['a prompt none', withScopes(operator), prompt('pp'), scopes('roles.operator.prompts[0]', 'p')],
    [
      'a resource its',
      withScopes(operator, 'r'),
      resource('file:///s/a'),
      allow('roles.operator.resources[0]'),
    ],
    [
      'a resource none',
      withScopes(operator),
      resource('file:///s/a'),
      scopes('roles.operator.resources[0]', 'r'),
    ],
    [
      'a resource that is spelt otherwise',
      withScopes(operator),
      resource('file:///s/../a'),
      denied('not-allowed'),
    ],
    [
      'a template none',
      withScopes(operator),
      template('file:///s/{x}'),
      scopes('roles.operator.resources[0]', 'r'),
    ],
    [
      'no need of any',
      withScopes(operator),
      resource('file:///open'),
      allow('roles.operator.resources[1]'),
    ],
    ['no token', operator, tool('deploy'), scopes(`${scoped}[2]`, 'mcp:admin')],
    ['nothing that helps', withScopes(operator, 'mcp:admin'), tool('other'), denied('not-allowed')],
    ['no role', withScopes(holderOf(), 'mcp:admin'), tool('deploy'), denied('no-role')],
  ])('C20 a caller with %s', (_, principal, operation, expected) => {
    const decision = decide(policy, principal, operation)
    expect(decision).toEqual(expected)
    expect(Object.isFrozen(decision)).toBe(true)
    expect(permits(policy, principal, operation)).toBe(decision.effect !== 'deny')
  })

  it('C20 scopes alone allow nothing that no role allows', () => {
    for (const principal of [withScopes(holderOf('free'), 'mcp:admin', 'docs', 'p', 'r')]) {
      expect(permits(policy, principal, tool('docs.read'))).toBe(false)
      expect(permits(policy, principal, prompt('pp'))).toBe(false)
      expect(permits(policy, principal, resource('file:///s/a'))).toBe(false)
    }
  })

  it('an entry without scopes wins, in whichever role', () => {
    const principal = holderOf('free', 'operator')
    expect(decide(policy, principal, tool('deploy'))).toEqual(allow('roles.free.tools[0]'))
  })

  it('deny beats allow and challenge', () => {
    const principal = holderOf('operator', 'purger')
    const deny = denied('denied', 'roles.operator.deny.tools[0]')
    expect(decide(policy, withScopes(principal, 'docs'), tool('docs.purge'))).toEqual(deny)
    expect(decide(policy, operator, tool('docs.purge'))).toEqual(deny)
  })

  it('a condition has to hold as well, and counts as met where nothing is called yet', () => {
    const envs = (env: string) => ({ kind: 'tool', name: 'envs', args: { env } }) as const
    const listed = { kind: 'tool', name: 'envs', args: undefined } as const
    const challenge = scopes(`${scoped}[6]`, 'e')
    expect(decide(policy, operator, envs('dev'))).toEqual(challenge)
    expect(decide(policy, operator, envs('prod'))).toEqual(denied('not-allowed'))
    expect(decide(policy, operator, listed)).toEqual(challenge)
    expect(decide(policy, withScopes(operator, 'e'), envs('dev'))).toEqual(allow(`${scoped}[6]`))
    expect(decide(policy, withScopes(operator, 'e'), envs('prod'))).toEqual(denied('not-allowed'))
    const free = holderOf('operator', 'conditional')
    expect(decide(policy, free, envs('dev'))).toEqual(allow('roles.conditional.tools[0]'))
  })

  it('the user interface of a tool wants what the tool wants', () => {
    const chart = holderOf('chart')
    const page = resource('ui://chart')
    expect(decide(policy, chart, page)).toEqual(scopes('roles.chart.tools[0].ui', 'ui'))
    expect(decide(policy, withScopes(chart, 'ui'), page)).toEqual(allow('roles.chart.tools[0].ui'))
  })

  it('D09 a scope is never a key of an object', () => {
    const odd = definePolicy({
      version: 1,
      roles: { r: { tools: [{ name: 'a', scopes: ['__proto__', 'constructor'] }] } },
    })
    expect(decide(odd, withScopes(holderOf('r')), tool('a')).effect).toBe('challenge')
    const all = withScopes(holderOf('r'), 'constructor', '__proto__')
    expect(decide(odd, all, tool('a')).effect).toBe('allow')
  })
})

describe('roles that a token would give', () => {
  it.each<[string, Principal, Operation, object]>([
    [
      'would allow',
      promised(holderOf('purger'), 'free'),
      tool('deploy'),
      wantsToken('roles.free.tools[0]'),
    ],
    [
      'would allow where no role is yet',
      promised(holderOf(), 'free'),
      tool('deploy'),
      wantsToken('roles.free.tools[0]'),
    ],
    ['would let the caller in', promised(holderOf(), 'free'), lifecycle, wantsToken('lifecycle')],
    [
      'would allow with scopes',
      promised(holderOf(), 'operator'),
      tool('docs.read'),
      wantsToken(`${scoped}[5]`),
    ],
    [
      'are not needed',
      promised(holderOf('free'), 'operator'),
      tool('deploy'),
      allow('roles.free.tools[0]'),
    ],
    [
      'are not needed to be let in',
      promised(holderOf('free'), 'operator'),
      lifecycle,
      allow('lifecycle'),
    ],
    [
      'are not needed for scopes',
      promised(operator, 'free'),
      tool('deploy'),
      scopes(`${scoped}[2]`, 'mcp:admin'),
    ],
    [
      'would not allow either',
      promised(holderOf('free'), 'operator'),
      tool('other'),
      denied('not-allowed'),
    ],
    [
      'would allow nothing to nobody',
      promised(holderOf(), 'free'),
      tool('other'),
      denied('no-role'),
    ],
    ['would deny', promised(holderOf('free'), 'strict'), tool('status'), denied('not-allowed')],
    [
      'would allow what one denies',
      promised(holderOf(), 'operator', 'purger'),
      tool('docs.purge'),
      denied('no-role'),
    ],
    [
      'would allow what is denied',
      promised(holderOf('strict'), 'operator'),
      tool('status'),
      denied('denied', 'roles.strict.deny.tools[0]'),
    ],
    ['are none of the policy', promised(holderOf(), 'ghost'), tool('deploy'), denied('no-role')],
    [
      'look at the token',
      promised(holderOf(), 'claims'),
      tool('x'),
      wantsToken('roles.claims.tools[0]'),
    ],
    [
      'may deny by the token',
      promised(holderOf(), 'claims', 'ys'),
      tool('y'),
      wantsToken('roles.ys.tools[0]'),
    ],
  ])('%s', (_, principal, operation, expected) => {
    const decision = decide(policy, principal, operation)
    expect(decision).toEqual(expected)
    expect(Object.isFrozen(decision)).toBe(true)
    expect(permits(policy, principal, operation)).toBe(decision.effect !== 'deny')
  })

  it('are taken as they are when asked, whatever array they came in', () => {
    const rolesWithToken = ['free']
    const principal = { ...holderOf(), rolesWithToken }
    expect(decide(policy, principal, tool('deploy')).effect).toBe('challenge')
    rolesWithToken[0] = 'purger'
    expect(decide(policy, principal, tool('deploy')).effect).toBe('deny')
  })

  it('C11 a caller goes from challenge to challenge to allow', () => {
    const paired = definePolicy({
      version: 1,
      roles: { ops: { tools: [{ name: 'deploy', scopes: ['mcp:deploy'] }] } },
      assignments: [
        { dns: 'a.test', token: { issuer: 'https://as.test', subject: 'alice' }, roles: ['ops'] },
      ],
    })
    const certificate = peer({ dns: ['a.test'] })
    const ask = (...peers: readonly Parameters<typeof createPrincipal>[1][]) =>
      peers.map((each) => decide(paired, createPrincipal(paired, each, ['dns']), tool('deploy')))
    const rule = 'roles.ops.tools[0]'
    expect(
      ask(
        { certificate },
        { certificate, token: token() },
        { certificate, token: token({ scopes: ['mcp:deploy'] }) },
        { certificate, token: token({ subject: 'bob', scopes: ['mcp:deploy'] }) },
        { token: token({ scopes: ['mcp:deploy'] }) },
      ),
    ).toEqual([
      wantsToken(rule),
      scopes(rule, 'mcp:deploy'),
      allow(rule),
      denied('no-role'),
      denied('no-role'),
    ])
  })
})

describe('conditions on a token', () => {
  it.each<[string, Principal, boolean, boolean]>([
    ['is met', { ...holderOf('claims', 'ys'), token: token({ claims: { level: 2 } }) }, true, true],
    [
      'is not met',
      { ...holderOf('claims', 'ys'), token: token({ claims: { level: 1 } }) },
      false,
      false,
    ],
    ['lacks the claim', { ...holderOf('claims', 'ys'), token: token() }, false, false],
    ['has no token', holderOf('claims', 'ys'), false, false],
  ])('a condition that %s', (_, principal, allowed, undenied) => {
    expect(permits(policy, principal, tool('x'))).toBe(allowed)
    expect(permits(policy, principal, tool('y'))).toBe(undenied)
    const listed = { kind: 'tool', name: 'x', args: undefined } as const
    expect(permits(policy, principal, listed)).toBe(allowed)
  })
})
