import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAuditEvent } from '../../src/audit/event.js'
import { createStderrLogger, recordEvent, toLoggerSink } from '../../src/audit/sinks.js'
import { RequestError } from '../../src/errors.js'
import { createLog } from '../guard/stage.js'
import { holderOf, tool } from '../policy/peer.js'

afterEach(() => void vi.restoreAllMocks())

const principal = holderOf('reader')
const allowed = createAuditEvent({
  type: 'decision',
  effect: 'allow',
  principal,
  operation: tool('search'),
})
const denied = createAuditEvent({
  type: 'decision',
  effect: 'deny',
  principal,
  operation: tool('evil\nlevel=info'),
  reason: 'no-permission',
  hint: 'add it',
})

describe('the sink that writes to a logger', () => {
  it.each([
    ['an allow', allowed, 'info'],
    ['a denial', denied, 'warn'],
    ['what would be denied', createAuditEvent({ type: 'decision', effect: 'would-deny' }), 'warn'],
    ['a refused handshake', createAuditEvent({ type: 'handshake', effect: 'deny' }), 'warn'],
    ['a failure', createAuditEvent({ type: 'error', effect: 'deny' }), 'error'],
  ] as const)('writes %s, whole, at its level', (_, event, level) => {
    const log = createLog()
    toLoggerSink(log)(event)
    expect(log.lines).toEqual([
      { level, fields: { audit: event }, message: expect.stringMatching(/^mcp-mtls /) },
    ])
  })

  it('leaves changes of the policy to the guard, which writes them whatever the sink', () => {
    const log = createLog()
    for (const effect of ['reload', 'reload-failed'] as const) {
      const event = createAuditEvent({ type: 'policy', effect, source: 'policy.yaml' })
      expect(event.source).toBe('policy.yaml')
      toLoggerSink(log)(event)
    }
    expect(log.lines).toEqual([])
  })

  it('says in words who, what and why', () => {
    const log = createLog()
    for (const event of [allowed, denied]) toLoggerSink(log)(event)
    expect(log.lines.map(({ message }) => message)).toEqual([
      `mcp-mtls allow tool search for ${principal.name}`,
      `mcp-mtls deny tool evil\\u{a}level=info for ${principal.name}: no-permission (add it)`,
    ])
  })
})

describe('the logger on standard error', () => {
  function capture(): string[] {
    const written: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text))
      return true
    })
    return written
  }

  it('writes one JSON object a line', () => {
    const written = capture()
    const logger = createStderrLogger()
    logger.info({ roles: 2 }, 'started')
    toLoggerSink(logger)(denied)
    logger.error({ err: new Error('broken') }, 'failed')
    expect(written).toHaveLength(3)
    for (const text of written) expect(text.indexOf('\n')).toBe(text.length - 1)
    expect(written.map((text) => JSON.parse(text))).toMatchObject([
      { level: 'info', msg: 'started', roles: 2 },
      { level: 'warn', audit: { reason: 'no-permission', effect: 'deny' } },
      { level: 'error', msg: 'failed' },
    ])
  })

  it('says what an error was', () => {
    const written = capture()
    const err = new RequestError(503, -32603, 'broken', { cause: new TypeError('deeper') })
    createStderrLogger().error({ err }, 'failed')
    expect(JSON.parse(written.join(''))).toMatchObject({
      err: {
        name: 'RequestError',
        code: 'ERR_MTLS_REQUEST',
        message: 'broken',
        stack: expect.stringContaining('sinks.test.ts'),
        cause: { name: 'TypeError', message: 'deeper' },
      },
    })
  })
})

describe('recordEvent', () => {
  it('hands the event on', () => {
    const sink = vi.fn()
    recordEvent(sink, allowed)
    expect(sink.mock.calls).toEqual([[allowed]])
  })

  it('throws what the sink throws', () => {
    const sink = () => {
      throw new Error('full')
    }
    expect(() => recordEvent(sink, allowed)).toThrow('full')
  })

  it.each([
    ['a promise', () => Promise.resolve()],
    ['a promise that rejects', () => Promise.reject(new Error('full'))],
    // biome-ignore lint/suspicious/noThenProperty: some libraries answer with their own kind of promise
    ['another thenable', () => ({ then: (done: () => void) => done() })],
  ])('D29 throws for a sink that answers with %s, of which nobody would hear', (_, sink) => {
    expect(() => recordEvent(sink, allowed)).toThrow('the audit sink answered with a promise')
  })

  it('takes any other answer', () => {
    for (const answer of [undefined, null, 7, true, 'text', {}]) {
      expect(() => recordEvent(() => answer, allowed)).not.toThrow()
    }
  })
})
