import { describe, expect, it } from 'vitest'
import { type AuditFacts, createAuditEvent } from '../../src/audit/event.js'
import { holderOf, resource, template, tool } from '../policy/peer.js'

const hostile = 'evil\nlevel=info \u001b[31m\u202e'

function create(facts: Partial<AuditFacts>) {
  return createAuditEvent({ type: 'decision', effect: 'deny', ...facts })
}

describe('an audit event', () => {
  it('has an id of its own and the time, and is frozen', () => {
    const [one, other] = [create({}), create({})]
    expect(one.id).not.toBe(other.id)
    expect(new Date(one.time).toISOString()).toBe(one.time)
    expect(Object.isFrozen(one)).toBe(true)
    expect(Object.keys(one)).toEqual(['id', 'time', 'type', 'effect'])
  })

  it('says who, by which certificate, from where, what and why', () => {
    const principal = holderOf('reader')
    expect(
      create({
        principal,
        remoteAddress: '::1',
        method: 'tools/call',
        operation: tool('search'),
        rule: 'roles.reader.tools[0]',
        reason: 'no-permission',
        hint: 'add it',
      }),
    ).toMatchObject({
      principal: principal.name,
      roles: ['reader'],
      thumbprint: principal.certificate?.thumbprint,
      remoteAddress: '::1',
      method: 'tools/call',
      operation: { kind: 'tool', name: 'search' },
      rule: 'roles.reader.tools[0]',
      reason: 'no-permission',
      hint: 'add it',
    })
  })

  it.each([
    [tool('search'), 'search'],
    [{ kind: 'prompt', name: 'greet', args: {} } as const, 'greet'],
    [resource('file:///a'), 'file:///a'],
    [template('file:///{a}'), 'file:///{a}'],
    [{ kind: 'lifecycle', method: 'ping' } as const, 'ping'],
  ])('names the operation %j', (operation, name) => {
    expect(create({ operation }).operation).toEqual({ kind: operation.kind, name })
  })

  it('D40 holds no arguments of a tool', () => {
    const operation = { kind: 'tool', name: 'search', args: { query: 'canary-7f3a91' } } as const
    expect(JSON.stringify(create({ operation }))).not.toContain('canary')
  })

  it.each([
    ['the principal’s name', { principal: { ...holderOf('reader'), name: hostile } }],
    ['the subject', { subject: hostile }],
    ['the thumbprint', { thumbprint: hostile }],
    ['the address', { remoteAddress: hostile }],
    ['the method', { method: hostile }],
    ['the tool', { operation: tool(hostile) }],
    ['the URI', { operation: resource(hostile) }],
    ['the reason', { reason: hostile }],
    ['the hint', { hint: hostile }],
  ])('D40 escapes %s', (_, facts) => {
    const texts = stringsOf(create(facts))
    expect(texts.some((text) => text.startsWith('evil\\u{a}'))).toBe(true)
    for (const text of texts) expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
  })

  it.each([
    ['the tool', { operation: tool('x'.repeat(10_000)) }, 129],
    ['the subject', { subject: 'x'.repeat(10_000) }, 129],
    ['the method', { method: 'x'.repeat(10_000) }, 129],
    ['the hint', { hint: 'x'.repeat(10_000) }, 1025],
  ])('D40 cuts %s', (_, facts, length) => {
    expect(Math.max(...stringsOf(create(facts)).map((text) => text.length))).toBe(length)
  })
})

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : []
}
