import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import type { Call, GuardContext } from '../../src/guard/context.js'
import type { AuthorizeQuestion, GuardOptions } from '../../src/guard/options.js'
import { readOptions } from '../../src/guard/read-options.js'
import { createView, weigh } from '../../src/guard/weigh.js'
import { type Message, readMessages } from '../../src/mcp/read-operations.js'
import { definePolicy } from '../../src/policy/define.js'
import { isPolicy } from '../../src/policy/policy.js'
import { holderOf, resource, tool } from '../policy/peer.js'

const policy = definePolicy({
  version: 1,
  roles: {
    reader: { tools: ['search'], prompts: ['greet'], deny: { tools: ['purge'] } },
  },
})

function scene(options: Partial<GuardOptions> = {}, ...roles: readonly string[]) {
  const events: AuditFacts[] = []
  const settings = readOptions({ policy, ...options })
  const audit = (facts: AuditFacts) => void events.push(facts)
  const context = { settings, audit } as unknown as GuardContext
  const req = new IncomingMessage(new Socket())
  const call: Call = {
    req,
    res: new ServerResponse(req),
    principal: holderOf(...roles),
    policy: isPolicy(settings.policy) ? settings.policy : policy,
    body: undefined,
    querySession: undefined,
  }
  return {
    events,
    weigh: (message: Message) => weigh(context, call, message),
    view: createView(context, call, 'lists'),
  }
}

function read(method: string, params: object = {}, form: object = { id: 1 }): Message {
  const body = { jsonrpc: '2.0', ...form, method, params }
  const [message] = readMessages(body, { batch: 0, protocolVersion: undefined })
  if (message === undefined) throw new Error('nothing read')
  return message
}

const call = (name: string) => read('tools/call', { name, arguments: { query: 'pears' } })
const observing = { enforcement: 'observe' } as const

describe('weigh', () => {
  it.each([
    { name: 'search', roles: ['reader'], effect: 'allow', event: 'allow' },
    { name: 'deploy', roles: ['reader'], effect: 'deny', event: 'deny' },
    { name: 'purge', roles: ['reader'], effect: 'deny', event: 'deny' },
    { name: 'search', roles: [], effect: 'deny', event: 'deny' },
  ])('gives $effect for $name to $roles and records it once', async (entry) => {
    const { weigh, events } = scene({}, ...entry.roles)
    expect(await weigh(call(entry.name))).toMatchObject({ effect: entry.effect })
    expect(events).toMatchObject([{ type: 'decision', effect: entry.event }])
  })

  it('D05 leaves an unknown method unknown and records it as a protocol event', async () => {
    const { weigh, events } = scene({}, 'reader')
    expect(await weigh(read('skills/list'))).toMatchObject({ effect: 'unknown', decisions: [] })
    expect(events).toMatchObject([{ type: 'protocol', effect: 'deny', reason: 'unknown method' }])
  })
})

describe('weigh while observing', () => {
  it.each([
    { name: 'search', roles: ['reader'], event: 'allow' },
    { name: 'deploy', roles: ['reader'], event: 'would-deny' },
    { name: 'purge', roles: ['reader'], event: 'would-deny' },
    { name: 'search', roles: [], event: 'would-deny' },
  ])('lets $name of $roles through and records $event', async ({ name, roles, event }) => {
    const { weigh, events } = scene(observing, ...roles)
    expect(await weigh(call(name))).toMatchObject({ effect: 'allow' })
    expect(events).toMatchObject([{ effect: event }])
    if (event === 'would-deny') expect(events[0]?.hint).toMatch(/\w/)
  })

  it.each([
    ['request', { id: 1 }],
    ['notification', {}],
  ])('D05 does not let an unknown %s through', async (_, form) => {
    const { weigh, events } = scene(observing, 'reader')
    expect(await weigh(read('skills/list', {}, form))).toMatchObject({ effect: 'unknown' })
    expect(events).toMatchObject([{ effect: 'deny' }])
  })

  it('lets a no of the second opinion through too, and records whose it was', async () => {
    const { weigh, events } = scene({ ...observing, authorize: () => false }, 'reader')
    expect(await weigh(call('search'))).toMatchObject({ effect: 'allow' })
    expect(events).toMatchObject([{ effect: 'would-deny', reason: 'second-opinion' }])
  })
})

describe('weigh with a second opinion', () => {
  it('D39 denies what it does not agree to, with a reason and a hint of its own', async () => {
    const { weigh, events } = scene({ authorize: () => false }, 'reader')
    expect(await weigh(call('search'))).toMatchObject({
      effect: 'deny',
      decisions: [{ decision: { effect: 'deny', reason: 'second-opinion' } }],
    })
    expect(events).toMatchObject([{ effect: 'deny', reason: 'second-opinion' }])
    expect(events[0]?.hint).toContain('authorize')
    expect(events[0]?.rule).toBeUndefined()
  })

  it('keeps an allow it agrees to as the policy gave it', async () => {
    const { weigh, events } = scene({ authorize: async () => true }, 'reader')
    expect(await weigh(call('search'))).toMatchObject({ effect: 'allow' })
    expect(events).toMatchObject([{ effect: 'allow', rule: 'roles.reader.tools[0]' }])
  })

  it('D39 cannot turn a denial into an allow: it is not asked', async () => {
    const authorize = vi.fn(() => true)
    const { weigh } = scene({ authorize }, 'reader')
    for (const message of [call('deploy'), call('purge'), read('skills/list')]) {
      expect((await weigh(message)).effect).not.toBe('allow')
    }
    expect(authorize).not.toHaveBeenCalled()
  })

  it.each(['initialize', 'ping', 'tools/list', 'prompts/list', 'logging/setLevel'])(
    'is not asked about %s',
    async (method) => {
      const authorize = vi.fn(() => false)
      const { weigh } = scene({ authorize }, 'reader')
      const params = { protocolVersion: '2025-11-25', level: 'info' }
      expect(await weigh(read(method, params))).toMatchObject({ effect: 'allow' })
      expect(authorize).not.toHaveBeenCalled()
    },
  )

  it('is asked with the principal, the name and the arguments', async () => {
    const questions: AuthorizeQuestion[] = []
    const authorize = (question: AuthorizeQuestion) => questions.push(question) > 0
    const { weigh } = scene({ authorize }, 'reader')
    await weigh(call('search'))
    expect(questions).toEqual([
      {
        principal: holderOf('reader'),
        operation: { kind: 'tool', name: 'search', args: { query: 'pears' } },
      },
    ])
  })
})

describe('weigh of a listen request with a second opinion', () => {
  const readable = definePolicy({ version: 1, roles: { reader: { resources: ['file:///**'] } } })
  const listen = (...resourceSubscriptions: readonly string[]) =>
    read('subscriptions/listen', {
      _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
      notifications: { resourceSubscriptions, toolsListChanged: true },
    })

  it('D17 D39 asks about each resource the policy permits, and about no other', async () => {
    const asked: unknown[] = []
    const authorize = ({ operation }: AuthorizeQuestion) => asked.push(operation) > 0
    const { weigh } = scene({ authorize, policy: readable }, 'reader')
    const message = listen('file:///a', 'db:///b', 'file:///c')
    expect(await weigh(message)).toMatchObject({ effect: 'allow' })
    expect(asked).toEqual([resource('file:///a'), resource('file:///c')])
  })

  it('D17 D39 denies it for one no, and asks no further', async () => {
    const authorize = vi.fn(() => false)
    const { weigh, events } = scene({ authorize, policy: readable }, 'reader')
    expect(await weigh(listen('file:///a', 'file:///c'))).toMatchObject({ effect: 'deny' })
    expect(authorize).toHaveBeenCalledTimes(1)
    expect(events).toMatchObject([
      { effect: 'allow', operation: { kind: 'lifecycle' } },
      { effect: 'deny', reason: 'second-opinion', operation: resource('file:///a') },
    ])
  })
})

describe('createView', () => {
  it('D19 shows what the policy allows and hides the rest without an event', () => {
    const { view, events } = scene({}, 'reader')
    expect([view(tool('search')), view(tool('deploy')), view(resource('file:///a'))]).toEqual([
      true,
      false,
      false,
    ])
    expect(events).toEqual([])
  })

  it('shows everything while observing, and records each thing it would hide', () => {
    const { view, events } = scene(observing, 'reader')
    expect([view(tool('search')), view(tool('deploy'))]).toEqual([true, true])
    expect(events).toMatchObject([
      { effect: 'would-deny', method: 'answer', operation: { name: 'deploy' } },
    ])
  })
})
