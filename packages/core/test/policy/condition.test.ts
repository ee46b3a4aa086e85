import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import type { Operation } from '../../src/mcp/operation.js'
import { parseCondition } from '../../src/policy/condition.js'
import type { Principal } from '../../src/policy/principal.js'
import { expectLinearTime } from '../linear-time.js'
import { holderOf, peer, resource, template, token } from './peer.js'

function call(args: unknown, name = 'deploy'): Operation {
  return { kind: 'tool', name, args: args as Readonly<Record<string, unknown>> }
}

/** How an allow entry and a deny entry with this condition take a call: [allowed, denied]. */
function ask(text: string, args: unknown, principal: Principal = holderOf('a')) {
  const condition = parseCondition('tools', text)
  const question = { principal, operation: call(args) }
  return [condition.allows(question), condition.denies(question)]
}

const yes = [true, true]
const no = [false, false]
const failed = [false, true]

function problemOf(parse: () => unknown): string {
  try {
    parse()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('a condition', () => {
  it.each([
    ['args.env in ["dev", "staging"]', { env: 'dev' }, yes],
    ['args.env in ["dev", "staging"]', { env: 'prod' }, no],
    ['args.env in ["dev", "staging"]', { env: 'DEV' }, no],
    ['args.env in ["dev", "staging"]', { env: ['dev'] }, no],
    ['args.replicas <= 5', { replicas: 5 }, yes],
    ['args.replicas <= 5', { replicas: 6 }, no],
    ['args.replicas <= 5 && args.replicas >= 1', { replicas: 0 }, no],
    ['int(args.n) % 2 == 0', { n: 4 }, yes],
    ['!has(args.force)', {}, yes],
    ['!has(args.force)', { force: null }, no],
    ['"force" in args', { force: null }, yes],
    ['args.tags.all(t, t in ["a", "b"])', { tags: ['a', 'b'] }, yes],
    ['args.tags.all(t, t in ["a", "b"])', { tags: ['a', 'c'] }, no],
    ['args.tags.exists(t, t == "a")', { tags: ['c', 'a'] }, yes],
    ['args.tags.exists_one(t, t == "a")', { tags: ['a', 'a'] }, no],
    ['args.items.all(i, i.n < 3)', { items: [{ n: 1 }, { n: 2 }] }, yes],
    ['["force", "prune"].exists(k, k in args)', { prune: 1 }, yes],
    ['args.all(k, k in ["env", "region"])', { env: 1, region: 2 }, yes],
    ['args.all(k, k in ["env", "region"])', { env: 1, debug: 2 }, no],
    ['args == {"a": [1.0, {"b": null}]}', { a: [1, { b: null }] }, yes],
    ['args == {"a": 1.0}', { a: 1, b: 1 }, no],
    ['size(args) == 0', {}, yes],
    ['size(args.name) <= 3', { name: 'abcd' }, no],
    ['args.path.startsWith("/srv/")', { path: '/srv/a' }, yes],
    ['args.path.contains("..")', { path: '/srv/../etc' }, yes],
    ['args.a.b["c"][0] == "x"', { a: { b: { c: ['x'] } } }, yes],
    ['args.x == "a" ? args.y == "b" : true', { x: 'a', y: 'c' }, no],
    ['type(args.x) == string', { x: 'a' }, yes],
    ['tool == "deploy"', {}, yes],
    ['tool.startsWith("docs.")', {}, no],
    ['args.gone == 1 || args.x == 1', { x: 1 }, yes],
    ['true', {}, yes],
    ['false', {}, no],
  ])('D08 %s of %j', (text, args, expected) => {
    expect(ask(text, args)).toEqual(expected)
  })

  it.each([
    ['args.env == "dev"', {}],
    ['args.env', { env: 'true' }],
    ['args.env', { env: 1 }],
    ['args.env', { env: null }],
    ['args', {}],
    ['args.n <= 5', { n: '5' }],
    ['args.n <= 5', { n: null }],
    ['args.n % 2 == 0', { n: 4 }],
    ['args.n + "a" == "1a"', { n: 1 }],
    ['args.list[5] == 1', { list: [] }],
    ['args.x ? true : false', { x: 'yes' }],
    ['int(args.n) == 1', { n: 'one' }],
    ['args.x.startsWith("a")', { x: ['a'] }],
    ['args.x.y.z == 1', { x: { y: 'z' } }],
    ['!args.x', { x: 0 }],
    ['1 / 0 == 1', {}],
    ['certificate.spiffe == "spiffe://a.test/x"', {}],
  ])('D08 an error or no boolean allows nothing and denies: %s of %j', (text, args) => {
    expect(ask(text, args)).toEqual(failed)
  })

  it('reads who is asking', () => {
    const certificate = peer({
      spiffe: 'spiffe://acme.test/ns/ops/sa/deployer',
      dns: ['a.test', 'b.test'],
      email: ['ops@a.test'],
      cn: ['agent'],
      o: ['Acme'],
      ou: ['Ops'],
      issuer: 'CN=CA,O=Acme',
      authority: 'mesh',
    })
    const identity = { kind: 'spiffe', value: 'spiffe://acme.test/ns/ops/sa/deployer' } as const
    const principal = {
      ...holderOf('operator'),
      name: 'mesh/spiffe:x',
      identity,
      certificate,
    }
    const text = [
      'principal.name == "mesh/spiffe:x"',
      'principal.identity.kind == "spiffe"',
      'principal.identity.value.startsWith("spiffe://acme.test/")',
      '"operator" in principal.roles',
      'certificate.spiffe == principal.identity.value',
      'certificate.uri == [certificate.spiffe]',
      '"b.test" in certificate.dns',
      'certificate.email == ["ops@a.test"]',
      'certificate.cn == ["agent"]',
      'certificate.o == ["Acme"] && certificate.ou == ["Ops"]',
      'certificate.issuer == "CN=CA,O=Acme"',
      'certificate.authority == "mesh"',
      `certificate.thumbprint == "${'A'.repeat(43)}"`,
    ].join(' && ')
    expect(ask(text, {}, principal)).toEqual(yes)
  })

  it('reads the token, and nothing of one that was not presented', () => {
    const given = token({
      scopes: ['a', 'b'],
      claims: { groups: ['platform'], act: { sub: 'agent' }, level: 2, on: true },
    })
    const principal = { ...holderOf('operator'), token: given }
    const conditions = [
      'token.issuer == "https://as.test"',
      'token.kind == "user" && token.subject == "alice" && token.client == "web"',
      '"a" in token.scopes && size(token.scopes) == 2',
      'token.claims.groups.exists(g, g == "platform")',
      'token.claims.act.sub == "agent" && token.claims.level >= 2.0 && token.claims.on',
      'has(token.claims.level)',
      'args.team in token.claims.groups',
      '!has(token.hash) && !has(token.claims.constructor)',
    ]
    for (const text of conditions) {
      expect(ask(text, { team: 'platform' }, principal), text).toEqual(yes)
      if (!text.startsWith('!')) expect(ask(text, { team: 'platform' }), text).not.toEqual(yes)
    }
    expect(ask('token.claims.level == 2', {})).toEqual(failed)
    expect(ask('token.claims.level == 2', undefined)).toEqual(failed)
    expect(ask('has(token.claims)', {})).toEqual(no)
  })

  it('reads nothing of a certificate that was not presented', () => {
    const { certificate: _, identity: __, ...principal } = holderOf('a')
    expect(ask('certificate.authority == "default"', {}, principal)).toEqual(failed)
    expect(ask('principal.identity.kind == "dns"', {}, principal)).toEqual(failed)
    expect(ask('has(certificate.dns) || has(principal.identity.kind)', {}, principal)).toEqual(no)
    expect(ask('principal.name == "default/dns:a.test"', {}, principal)).toEqual(yes)
  })

  it('reads the URI of a resource, and the name and arguments of a prompt', () => {
    const principal = holderOf('a')
    const of = (
      condition: ReturnType<typeof parseCondition>,
      operation: Operation,
      given: { readonly uri?: string } = {},
    ) => condition.allows({ principal, operation, ...given })
    const uri = parseCondition('resources', 'uri.endsWith(".md")')
    const read = resource('file:///a.md')
    expect(of(uri, read, { uri: 'file:///a.md' })).toBe(true)
    expect(of(uri, read, { uri: 'file:///a.key' })).toBe(false)
    expect(of(uri, template('file:///{name}'))).toBe(true)
    const prompt = parseCondition('prompts', 'prompt == "greet" && args.lang == "en"')
    expect(of(prompt, { kind: 'prompt', name: 'greet', args: { lang: 'en' } })).toBe(true)
    expect(of(prompt, { kind: 'prompt', name: 'greet', args: {} })).toBe(false)
  })

  it.each([
    ['tools', 'args.x == 1', { kind: 'tool', name: 'a', args: undefined }],
    ['tools', 'false && args.x == 1', { kind: 'tool', name: 'a', args: undefined }],
    ['tools', 'args.x == 1 && tool == "b"', { kind: 'tool', name: 'a', args: undefined }],
    ['prompts', 'args.x == 1', { kind: 'prompt', name: 'a', args: undefined }],
    ['resources', 'uri == "x:y"', { kind: 'template', uriTemplate: 'x:{y}' }],
    ['tools', 'tool == "b"', { kind: 'resource', uri: 'ui://x' }],
  ] as const)(
    'D19 what is not known yet allows and does not deny: %s, %s',
    (list, text, operation) => {
      const condition = parseCondition(list, text)
      const question = { principal: holderOf('a'), operation }
      expect([condition.allows(question), condition.denies(question)]).toEqual([true, false])
    },
  )

  it('D19 a condition on the caller alone is asked where things are listed, too', () => {
    const question = {
      principal: holderOf('a'),
      operation: { kind: 'tool', name: 'a', args: undefined },
    } as const
    const mine = parseCondition('tools', 'certificate.authority == "default" && tool == "a"')
    const others = parseCondition('tools', 'certificate.authority == "mesh"')
    expect([mine.allows(question), mine.denies(question)]).toEqual(yes)
    expect([others.allows(question), others.denies(question)]).toEqual(no)
  })
})

describe('a condition and hostile arguments', () => {
  it('D08 an object that looks like a message of the evaluator is an object', () => {
    const disguises: readonly unknown[] = [
      { $typeName: 'google.protobuf.StringValue', value: 'dev' },
      { $typeName: 'google.protobuf.Value', kind: { case: 'stringValue', value: 'dev' } },
      { $typeName: 'google.protobuf.Any', typeUrl: '/google.protobuf.StringValue', value: 'dev' },
      { $typeName: 'google.protobuf.Struct', fields: { length: 1 } },
      { constructor: { name: 'Object' }, value: 'dev' },
      { toString: 'dev', valueOf: 'dev' },
      ['dev'],
    ]
    for (const env of disguises) {
      expect(ask('args.env == "dev"', { env })).toEqual(no)
      expect(ask('args.env in ["dev"]', { env })).toEqual(no)
    }
    expect(ask('args.env == "dev"', { $typeName: 'google.protobuf.Struct', env: 'dev' })).toEqual(
      yes,
    )
  })

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'C06 %s is an own key or missing',
    (key) => {
      expect(ask(`has(args.${key})`, {})).toEqual(no)
      expect(ask(`args["${key}"] == "a"`, {})).toEqual(failed)
      const args: unknown = JSON.parse(`{"${key}": "a"}`)
      expect(ask(`args["${key}"] == "a"`, args)).toEqual(yes)
    },
  )

  it.each([
    ['no plain object', { x: new Date(0) }],
    ['a function', { x: () => 'a' }],
    ['a symbol', { x: Symbol('a') }],
    ['undefined', { x: undefined }],
    ['a BigInt', { x: 10n }],
    ['a map', { x: new Map([['a', 1]]) }],
    [
      'a getter that throws',
      {
        get x() {
          throw new Error('gotcha')
        },
      },
    ],
    ['arguments that are no object', 'x'],
    ['text that is too long', { x: 'a'.repeat(65_537) }],
    ['a list that is too long', { x: Array(10_001).fill(1) }],
  ])('D08 %s is an error', (_what, args) => {
    expect(ask('args.x != "a"', args)).toEqual(failed)
  })

  it('D08 too many keys are an error where they are looked at, and only there', () => {
    const wide = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`k${index}`, 1]))
    expect(ask('args.all(k, k != "x")', wide)).toEqual(failed)
    expect(ask('size(args) > 5', wide)).toEqual(failed)
    expect(ask('args.x == {}', { x: wide })).toEqual(failed)
    expect(ask('args.k7 == 1', wide)).toEqual(yes)
    expect(ask('args.x == 1', { x: 1, y: 'a'.repeat(100_000), z: Array(20_000).fill(0) })).toEqual(
      yes,
    )
  })

  it('D08 nesting that overflows the stack is an error', () => {
    let deep: unknown = 'x'
    for (let level = 0; level < 50_000; level += 1) deep = { a: [deep] }
    expect(ask('args.x == args.y', { x: deep, y: structuredCopy(deep) })).toEqual(failed)
    expect(ask('args.x.a == 1', { x: deep })).toEqual(no)
    expect(ask('args.y == 1', { x: deep, y: 1 })).toEqual(yes)
  })

  const text = (end = '') => ({
    size: 65_000,
    from: (size: number): object => ({ s: `${'a'.repeat(size)}${end}` }),
  })
  const list = { size: 10_000, from: (size: number): object => ({ l: Array(size).fill(1) }) }
  const lists = {
    size: 10_000,
    from: (size: number): object => ({ l: Array(size).fill('a'), m: Array(size).fill('a') }),
  }

  it.each([
    ['args.s.matches("^(a+)+$")', text('!'), no],
    ['args.s.matches("(a|aa)+b")', text(), no],
    ['args.s.matches("(.*)(.*)(.*)(.*)x")', text(), no],
    ['args.l.all(x, x.y == 1)', list, failed],
    ['args.l.exists(x, x.y == 1)', list, failed],
    ['args.l.exists_one(x, x == 1)', list, no],
    ['args.l == args.m', lists, yes],
  ])('D37 is decided in linear time: %s', (expression, { size, from }, expected) => {
    const condition = parseCondition('tools', expression)
    const create = (length: number) => ({
      principal: holderOf('a'),
      operation: call(from(length)),
    })
    const run = (question: ReturnType<typeof create>) =>
      expect([condition.allows(question), condition.denies(question)]).toEqual(expected)
    expectLinearTime({ size, create, run })
  })

  // V8 parses digits in less than the square of their number, but not in linear time.
  it.each([20, 65_000, 70_000])('D37 takes text of %i digits for no number', (length) => {
    expect(ask('int(args.s) > 1', { s: '9'.repeat(length) })).toEqual(failed)
  })

  it('leaves the stack traces of the process as they were', () => {
    const before = Error.stackTraceLimit
    ask('args.gone == 1', {})
    expect(Error.stackTraceLimit).toBe(before)
  })
})

describe('parseCondition', () => {
  it.each([
    ['args.env ==', /^is no CEL: 1:10: found/],
    ['', /^is empty/],
    ['args.env in ["dev"', /^is no CEL: 1:10: found i but/],
    ['args.x && \n args.y |', /^is no CEL: 2:9: found/],
    ['a'.repeat(1001), /^is longer than 1000 characters/],
    [
      'env == "dev"',
      /^reads "env", which is not known here; the variables are args, tool, principal, certificate, token$/,
    ],
    ['uri == "a"', /^reads "uri"/],
    ['args.x == dev', /^reads "dev"/],
    ['args.a.exists(x, x in token.claims.groups)', /^looks at the request or the token inside/],
    ['token.claims.groups.exists(g, g == args.team)', /^looks at the request or the token inside/],
    ['args.x.contains(token.claims.team)', /^searches with "contains" for text from the request/],
    ['now > 3', /^uses "now", but a decision depends on no clock/],
    ['timestamp(args.at) < timestamp("2030-01-01T00:00:00Z")', /^uses "timestamp"/],
    ['duration(args.for) < duration("1h")', /^uses "duration"/],
    ['args.at.getFullYear() == 2026', /^uses "getFullYear"/],
    ['args.at.getDayOfWeek("UTC") == 1', /^uses "getDayOfWeek"/],
    ['google.protobuf.Timestamp{seconds: 1} == 1', /^makes a "google.protobuf.Timestamp"/],
    ['args.x.lowerAscii() == "a"', /^calls "lowerAscii", which is not known here/],
    ['matches(args.x, "a")', /^calls "matches" otherwise/],
    ['args.x.matches(args.pattern)', /^calls "matches" otherwise/],
    ['args.x.matches("(")', /^has a regular expression that is none of RE2: .*missing closing/],
    ['args.x.matches("(?=a)")', /^has a regular expression that is none of RE2/],
    ['args.x.matches("a{2000}")', /^has a regular expression that is none of RE2/],
    ['args.l.map(x, x.id) == ["a"]', /^makes a list with "map" or "filter"/],
    ['size(args.l.filter(x, x == 1)) == 1', /^makes a list with "map" or "filter"/],
    ['args.a.all(x, x.b.all(y, y == 1))', /^has a loop in a loop/],
    [
      'args.a.all(x, x in args.b)',
      /^looks at the request or the token inside a loop over one of them/,
    ],
    ['args.a.exists(x, x == tool)', /^looks at the request or the token inside a loop/],
    ['args.a.contains(args.b)', /^searches with "contains" for text from the request/],
    ['args.a.exists(x, "abc".contains(x))', /^searches with "contains"/],
    [`${'['.repeat(40)}1${']'.repeat(40)} == args.x`, /^is nested more than 32 levels deep/],
    [`${'('.repeat(450)}args.x${')'.repeat(450)}`, /./],
    ['args.?x == 1', /^is no CEL/],
  ])('D37 refuses %s', (text, message) => {
    if (text.startsWith('((')) {
      // However deep the parser gets, it ends: with an answer or a message.
      expect(() => parseCondition('tools', text)).not.toThrow(RangeError)
      return
    }
    expect(problemOf(() => parseCondition('tools', text))).toMatch(message)
  })

  it('knows for each list what can be known', () => {
    const variables = (list: 'tools' | 'prompts' | 'resources') =>
      /the variables are (.*)$/.exec(problemOf(() => parseCondition(list, 'x == 1')))?.[1]
    expect(variables('tools')).toBe('args, tool, principal, certificate, token')
    expect(variables('prompts')).toBe('args, prompt, principal, certificate, token')
    expect(variables('resources')).toBe('uri, principal, certificate, token')
  })

  it.each([
    ['args.env != "prod"', ['args.env != "prod"'], []],
    ['args.env == "prod"', [], ['args.env == "prod"']],
    ['!(args.env in ["prod"])', ['args.env in ["prod"]'], []],
    ['!(args.env != "dev")', [], ['args.env != "dev"']],
    ['args.a in ["x"] && args.b != 1', ['args.b != 1'], ['args.a in ["x"]']],
    ['args.tags.all(t, t != "x")', ['t != "x"'], []],
    ['certificate.authority != "mesh"', [], []],
    ['args.n < 5', [], []],
  ])('D08 warns of comparisons that leave the rest open: %s', (text, allow, deny) => {
    const condition = parseCondition('tools', text)
    const quoted = (side: 'allow' | 'deny') =>
      condition.warnings(side).map((warning) => /`([^`]+)`/.exec(warning)?.[1])
    expect(quoted('allow')).toEqual(allow)
    expect(quoted('deny')).toEqual(deny)
  })
})

function structuredCopy(deep: unknown): unknown {
  let copy: unknown = 'x'
  for (let level = 0; level < 50_000; level += 1) copy = { a: [copy] }
  return typeof deep === 'object' ? copy : deep
}
