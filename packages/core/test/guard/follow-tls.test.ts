import { describe, expect, it, vi } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import type { GuardContext } from '../../src/guard/context.js'
import { followTls } from '../../src/guard/follow-tls.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { createLog } from './stage.js'

function follow(look: () => void = () => undefined) {
  const listeners = new Map<string, (fact: unknown) => void>()
  const tls = {
    on(name: string, listener: (fact: unknown) => void) {
      listeners.set(name, listener)
      return () => listeners.delete(name)
    },
  } as unknown as TlsSource
  const events: AuditFacts[] = []
  const logger = createLog()
  const audit = (facts: AuditFacts) => void events.push(facts)
  const vigil = { look: vi.fn(look), close() {} }
  const connections = { open: vi.fn() }
  const end = followTls({ audit, logger, connections } as unknown as GuardContext, tls, vigil)
  const tell = (name: string, fact: unknown) => listeners.get(name)?.(fact)
  return { tell, end, vigil, events, listeners, connections, lines: logger.lines }
}

describe('what a TLS source tells is recorded:', () => {
  it('a handshake it refused, with what is known of the peer', () => {
    const { tell, events, vigil } = follow()
    tell('refused', { reason: 'expired', remoteAddress: '192.0.2.7' })
    expect(events).toEqual([
      { type: 'handshake', effect: 'deny', reason: 'expired', remoteAddress: '192.0.2.7' },
    ])
    expect(vigil.look).not.toHaveBeenCalled()
  })

  it('A22 a connection it opened, which may lapse before its first request', () => {
    const { tell, connections, events } = follow()
    const connection = {}
    tell('connection', connection)
    expect(connections.open.mock.calls[0]?.[0]).toBe(connection)
    expect(events).toEqual([])
  })

  it('A22 new material, which is held against what is open at once', () => {
    const { tell, events, lines, vigil } = follow()
    tell('update', { what: ['ca', 'crl'] })
    expect(vigil.look).toHaveBeenCalledOnce()
    expect(events).toEqual([{ type: 'tls', effect: 'reload', reason: 'ca, crl' }])
    expect(lines).toEqual([
      {
        level: 'info',
        fields: { what: ['ca', 'crl'] },
        message: 'mcp-mtls took over new TLS material: ca, crl',
      },
    ])
  })

  it('new material, also where what is open cannot be looked through', () => {
    const { tell, events } = follow(() => {
      throw new Error('cannot look')
    })
    expect(() => tell('update', { what: ['ca'] })).toThrow('cannot look')
    expect(events).toMatchObject([{ type: 'tls', effect: 'reload' }])
  })

  it('material it could not take', () => {
    const { tell, events, lines, vigil } = follow()
    const error = new Error('is of another key')
    tell('error', error)
    expect(events).toEqual([{ type: 'tls', effect: 'reload-failed', reason: 'is of another key' }])
    expect(lines).toEqual([
      {
        level: 'error',
        fields: { err: error },
        message: 'mcp-mtls keeps the TLS material it has: is of another key',
      },
    ])
    expect(vigil.look).not.toHaveBeenCalled()
  })

  it('what is about to expire', () => {
    const { tell, events, lines } = follow()
    const soon = { what: 'certificate', name: 'CN=server', notAfter: Date.UTC(2030, 0, 2) }
    tell('expiry', soon)
    const until = '2030-01-02T00:00:00.000Z'
    expect(events).toEqual([
      { type: 'tls', effect: 'expiring', reason: `certificate CN=server, until ${until}` },
    ])
    expect(lines).toEqual([
      {
        level: 'warn',
        fields: soon,
        message: `mcp-mtls: certificate CN=server is good until ${until} only: renew it`,
      },
    ])
  })

  it('until that is ended', () => {
    const { end, listeners } = follow()
    expect([...listeners.keys()].sort()).toEqual([
      'connection',
      'error',
      'expiry',
      'refused',
      'update',
    ])
    end()
    expect(listeners.size).toBe(0)
  })
})
