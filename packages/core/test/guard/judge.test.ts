import { describe, expect, it } from 'vitest'
import { isListen, judge } from '../../src/guard/judge.js'
import { type Message, readMessages } from '../../src/mcp/read-operations.js'
import { definePolicy } from '../../src/policy/define.js'
import { holderOf } from '../policy/peer.js'

const VERSION = '2026-07-28'
const _meta = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
}

type Form = 'legacy request' | 'modern request' | 'legacy notification' | 'modern notification'
const forms: readonly Form[] = [
  'legacy request',
  'modern request',
  'legacy notification',
  'modern notification',
]

function read(form: Form, method: string, given: object = {}): Message {
  const modern = form.startsWith('modern')
  const params = modern ? { ...given, _meta } : given
  const body = { jsonrpc: '2.0', method, params, ...(form.endsWith('request') && { id: 1 }) }
  const context = { batch: 0, protocolVersion: modern ? VERSION : undefined }
  const [message] = readMessages(body, context)
  if (message === undefined) throw new Error('nothing read')
  return message
}

const policy = definePolicy({
  version: 1,
  roles: {
    reader: { tools: ['search'] },
    skilled: { methods: ['skills/list', 'notifications/acme/changed'] },
    all: { tools: ['*'], prompts: ['*'], resources: ['**'] },
    barred: { deny: { methods: ['skills/list'] } },
  },
})

describe('judge', () => {
  it.each(forms)('D05 allows an extension method to the role that names it: %s', (form) => {
    expect(judge(policy, holderOf('skilled'), read(form, 'skills/list'))).toMatchObject({
      effect: 'allow',
      decisions: [
        {
          method: 'skills/list',
          operation: { kind: 'method', method: 'skills/list' },
          decision: { effect: 'allow', rule: 'roles.skilled.methods[0]' },
        },
      ],
    })
  })

  it.each([
    ['skills/list', ['reader']],
    ['skills/get', ['skilled']],
    ['skills/list', ['skilled', 'barred']],
    ['skills/list', ['all']],
    ['Skills/list', ['skilled']],
    ['skills/list ', ['skilled']],
    ['__proto__', ['skilled']],
  ] as const)(
    'D05 %j stays unknown to %j, never denied, with no decision to tell it by',
    (method, roles) => {
      for (const form of forms) {
        const message = read(form, method)
        expect(judge(policy, holderOf(...roles), message)).toEqual({
          effect: 'unknown',
          message,
          decisions: [],
        })
      }
    },
  )

  it('D05 no policy opens a method of MCP in an era or form it does not have', () => {
    const own = [
      'initialize',
      'ping',
      'subscriptions/listen',
      'tools/list',
      'notifications/progress',
    ]
    const params = { notifications: {} }
    const unknown = own.flatMap((method) =>
      forms.flatMap((form) => {
        const message = read(form, method, params)
        return message.known ? [] : [judge(policy, holderOf('skilled', 'all'), message).effect]
      }),
    )
    expect(unknown).toHaveLength(14)
    expect(new Set(unknown)).toEqual(new Set(['unknown']))
  })

  it('D17 a listen request is narrowed, and only where it exists', () => {
    const params = { notifications: { resourceSubscriptions: ['file:///secret'] } }
    const listen = read('modern request', 'subscriptions/listen', params)
    expect(isListen(listen)).toBe(true)
    expect(judge(policy, holderOf('reader'), listen).effect).toBe('allow')
    for (const form of ['legacy request', 'modern notification'] as const) {
      const message = read(form, 'subscriptions/listen', params)
      expect(isListen(message)).toBe(false)
      expect(judge(policy, holderOf('all'), message).effect).toBe('unknown')
    }
  })

  it.each(forms)('D05 denies a known method with its decision: %s', (form) => {
    expect(
      judge(policy, holderOf('reader'), read(form, 'tools/call', { name: 'x' })),
    ).toMatchObject({
      effect: 'deny',
      decisions: [{ method: 'tools/call', decision: { reason: 'not-allowed' } }],
    })
    const call = read(form, 'tools/call', { name: 'search' })
    expect(judge(policy, holderOf('reader'), call).effect).toBe('allow')
  })

  it('denies a message that asks for nothing, and one of which a part is denied', () => {
    const known = read('modern request', 'tools/call', { name: 'search' })
    const [search] = known.operations
    if (search === undefined) throw new Error('nothing asked for')
    const purge = { kind: 'tool', name: 'purge', args: {} } as const
    expect(judge(policy, holderOf('reader'), { ...known, operations: [] }).effect).toBe('deny')
    for (const operations of [
      [search, purge],
      [purge, search],
    ]) {
      const verdict = judge(policy, holderOf('reader'), { ...known, operations })
      expect(verdict.effect).toBe('deny')
      expect(verdict.decisions).toHaveLength(2)
    }
  })

  it('D06 allows a posted response to a role, and to nobody else', () => {
    const [response] = readMessages(
      { jsonrpc: '2.0', id: 1, result: {} },
      { batch: 0, protocolVersion: undefined },
    )
    if (response === undefined) throw new Error('nothing read')
    expect(isListen(response)).toBe(false)
    expect(judge(policy, holderOf('reader'), response)).toMatchObject({
      effect: 'allow',
      decisions: [{ method: 'response' }],
    })
    expect(judge(policy, holderOf(), response).effect).toBe('deny')
  })
})

describe('judge on a tool that calls other tools by name', () => {
  const meta = definePolicy({
    version: 1,
    roles: {
      caller: { tools: ['call_tool'] },
      careful: { tools: ['call_tool'], deny: { tools: ['purge'] } },
      reader: { tools: ['search'] },
    },
  })

  it.each([
    ['tool_name', 'purge'],
    ['toolName', 'purge'],
    ['name', 'purge'],
    ['Name', 'PURGE'],
    ['tool', { name: 'purge', arguments: { name: 'purge' } }],
    ['calls', [{ method: 'tools/call', params: { name: 'purge' } }]],
    ['undecodable', '\ud800%zz'],
  ])('D11 decides by its own name alone, whatever its argument %j says', (key, value) => {
    for (const form of forms) {
      const params = { arguments: { [key]: value } }
      const called = read(form, 'tools/call', { name: 'call_tool', ...params })
      for (const role of ['caller', 'careful']) {
        expect(judge(meta, holderOf(role), called)).toMatchObject({
          effect: 'allow',
          decisions: [{ operation: { kind: 'tool', name: 'call_tool' } }],
        })
      }
    }
  })

  it.each(['name', 'tool_name', 'toolName', 'tool'])(
    'D11 an allowed name in its argument %j grants nothing',
    (key) => {
      for (const form of forms) {
        const params = { name: 'call_tool', arguments: { [key]: 'search' } }
        const called = read(form, 'tools/call', params)
        expect(judge(meta, holderOf('reader'), called).effect).toBe('deny')
      }
    },
  )
})
