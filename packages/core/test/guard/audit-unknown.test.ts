import { describe, expect, it } from 'vitest'
import { type AuditEvent, type AuditFacts, createAuditEvent } from '../../src/audit/event.js'
import { auditUnknown } from '../../src/guard/audit-verdict.js'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { readMessages } from '../../src/mcp/read-operations.js'
import { definePolicy } from '../../src/policy/define.js'
import { extension, holderOf } from '../policy/peer.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: {}, barred: { deny: { methods: ['skills/list'] } } },
})

/** The event of an unknown method of a principal with one role. */
function eventOf(method: string, role: string): AuditEvent {
  const facts: AuditFacts[] = []
  const context = { audit: facts.push.bind(facts) } as unknown as GuardContext
  const req = { socket: { remoteAddress: '127.0.0.1' } }
  const call = { req, principal: holderOf(role), policy } as unknown as Call
  const body = { jsonrpc: '2.0', id: 1, method }
  for (const message of readMessages(body, { batch: 0, protocolVersion: undefined })) {
    auditUnknown(context, call, message)
  }
  const [fact] = facts
  if (fact === undefined || facts.length > 1) throw new Error('not one event')
  return createAuditEvent(fact)
}

describe('the event of an unknown method', () => {
  it.each([
    ['skills/list', 'reader', 'add "skills/list" to roles.reader.methods in definePolicy'],
    ['skills/list', 'barred', 'roles.barred.deny.methods[0] in definePolicy denies "skills/list"'],
    ['tasks/x', 'reader', 'no entry of methods in definePolicy can allow this name (7 characters)'],
  ])('D05 says what would open %s to %s', (method, role, hint) => {
    expect(eventOf(method, role)).toMatchObject({
      type: 'protocol',
      effect: 'deny',
      reason: 'unknown method',
      remoteAddress: '127.0.0.1',
      roles: [role],
      method,
      hint,
    })
  })

  it('D40 escapes a method, and its hint', () => {
    const { method, hint } = eventOf('evil\u001b[31m\n', 'reader')
    expect(`${method}${hint}`).not.toMatch(/\p{C}/u)
    expect(method).toMatch(/^evil/)
  })
})

describe('the event of a decision on a method', () => {
  it('D40 names the method, escaped', () => {
    const event = (method: string) =>
      createAuditEvent({ type: 'decision', effect: 'allow', operation: extension(method) })
    expect(event('skills/list').operation).toEqual({ kind: 'method', name: 'skills/list' })
    expect(event('a\n').operation?.name).not.toMatch(/\p{C}/u)
  })
})
