import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import { CertificateError } from '../../src/errors.js'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { readOptions } from '../../src/guard/read-options.js'
import { createTenure } from '../../src/guard/tenure.js'
import { readMessages } from '../../src/mcp/read-operations.js'
import { definePolicy } from '../../src/policy/define.js'
import type { Policy } from '../../src/policy/policy.js'
import type { Principal } from '../../src/policy/principal.js'
import { holderOf, token } from '../policy/peer.js'
import { policy } from './stage.js'

afterEach(() => {
  vi.useRealTimers()
})

const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'search' } }
const other = definePolicy({ version: 1, roles: { reader: { tools: ['status'] } } })

interface Setting {
  readonly method?: string
  readonly body?: unknown
  readonly principal?: Principal
  readonly observing?: boolean
}

function scene({
  method = 'POST',
  body = call,
  principal = holderOf('reader'),
  observing,
}: Setting = {}) {
  const events: AuditFacts[] = []
  let inForce: Policy = policy
  let lapse: Error | undefined
  let over = false
  const context = {
    settings: readOptions({ policy, ...(observing && { enforcement: 'observe' }) }),
    policy: () => inForce,
    principals: () => principal,
    connections: {
      certificate: () => {
        if (lapse) throw lapse
      },
    },
    connectionAge: { isOver: () => over },
    logger: { info() {}, warn() {}, error() {} },
    audit: (facts: AuditFacts) => void events.push(facts),
  } as unknown as GuardContext
  const req = Object.assign(new IncomingMessage(new Socket()), { method })
  const held: Call = {
    req,
    res: new ServerResponse(req),
    principal,
    policy,
    body: method === 'POST' ? body : undefined,
    querySession: undefined,
  }
  const messages =
    method === 'POST' ? readMessages(body, { batch: 0, protocolVersion: undefined }) : []
  const end = vi.fn()
  const tenure = createTenure(context, held, messages)
  return {
    ...{ tenure, end, events },
    reload(next: Policy): void {
      inForce = next
      tenure.review(end)
    },
    lapse(error: Error): void {
      lapse = error
    },
    age(): void {
      over = true
    },
  }
}

describe('the tenure of an open call', () => {
  it('D36 ends when a reloaded policy withdraws what it asked for, once and on record', () => {
    const { tenure, end, events, reload } = scene()
    reload(other)
    reload(definePolicy({ version: 1, roles: { reader: { tools: ['nothing'] } } }))
    expect(end).toHaveBeenCalledOnce()
    expect(tenure.isRevoked()).toBe(true)
    expect(events).toMatchObject([{ type: 'decision', effect: 'deny', reason: 'not-allowed' }])
  })

  it('goes on under a policy that still allows it, and where nothing changed', () => {
    const { tenure, end, reload } = scene()
    tenure.review(end)
    reload(definePolicy({ version: 1, roles: { reader: { tools: ['search', 'more'] } } }))
    expect(end).not.toHaveBeenCalled()
    expect(tenure.isRevoked()).toBe(false)
  })

  it('goes on while the guard observes', () => {
    const { end, reload } = scene({ observing: true })
    reload(other)
    expect(end).not.toHaveBeenCalled()
  })

  it('A22 ends when the certificate no longer holds', () => {
    const { tenure, end, events, lapse } = scene()
    tenure.verify(end)
    expect(end).not.toHaveBeenCalled()
    lapse(new CertificateError('expired', 'is over'))
    tenure.verify(end)
    tenure.verify(end)
    expect(end).toHaveBeenCalledOnce()
    expect(events).toMatchObject([{ type: 'authentication', effect: 'deny', reason: 'expired' }])
  })

  it('C15 ends when the token expires, and not before', () => {
    vi.useFakeTimers({ now: 1_000 })
    const principal = { ...holderOf('reader'), token: token({ expiresAt: 2_000 }) }
    const { tenure, end, events } = scene({ principal })
    tenure.verify(end)
    expect(end).not.toHaveBeenCalled()
    vi.setSystemTime(2_000)
    tenure.verify(end)
    expect(end).toHaveBeenCalledOnce()
    expect(events).toMatchObject([
      {
        ...{ type: 'authentication', reason: 'expired' },
        hint: 'the token has expired since the request began',
      },
    ])
  })

  it.each([
    [{}, false],
    [{ certificate: 'A'.repeat(43) }, true],
  ])('of a token alone, bound to %j, ends with the certificate: %s', (binding, ends) => {
    const { certificate: _, identity: __, ...alone } = holderOf('reader')
    const { tenure, end, lapse } = scene({ principal: { ...alone, token: token({ binding }) } })
    lapse(new CertificateError('expired', 'is over'))
    tenure.verify(end)
    expect(end).toHaveBeenCalledTimes(ends ? 1 : 0)
  })

  it.each([
    ['GET', 1],
    ['POST', 0],
  ])('of a %s on a connection that is too old ends %i times', (method, times) => {
    const { tenure, end, events, age } = scene({ method })
    age()
    tenure.verify(end)
    tenure.verify(end)
    expect(end).toHaveBeenCalledTimes(times)
    expect(events).toEqual([])
  })

  it('ends although its end cannot be recorded, and says so', () => {
    const { tenure, end, events, lapse } = scene()
    lapse(new CertificateError('revoked', 'is on the list'))
    Object.defineProperty(events, 'push', {
      value: () => {
        throw new Error('the sink failed')
      },
    })
    expect(() => tenure.verify(end)).toThrow('the sink failed')
    expect(end).toHaveBeenCalledOnce()
  })
})

describe('the tenure of a stream', () => {
  const nobody: Principal = { ...holderOf('reader'), roles: [] }
  const listen = (...uris: readonly string[]) => ({
    ...{ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen' },
    params: { notifications: { resourceSubscriptions: uris } },
  })
  const resources = (...uris: readonly string[]) =>
    definePolicy({ version: 1, roles: { reader: { resources: uris } } })

  it.each(['GET', 'POST'])(
    'D36 of %s goes on for a caller with any role, and ends for one with none',
    (method) => {
      const goesOn = scene({ method, body: listen() })
      goesOn.reload(other)
      expect(goesOn.end).not.toHaveBeenCalled()
      const ends = scene({ method, body: listen(), principal: nobody })
      ends.reload(other)
      expect(ends.end).toHaveBeenCalledOnce()
      const name = method === 'GET' ? 'GET' : 'subscriptions/listen'
      expect(ends.events).toMatchObject([
        { effect: 'deny', reason: 'no-role', method: name, operation: { method: name } },
      ])
    },
  )

  it('D36 ends where one resource it listens to is withdrawn', () => {
    const { end, events, reload } = scene({ body: listen('file:///a', 'file:///b') })
    reload(resources('file:///a', 'file:///b', 'file:///c'))
    expect(end).not.toHaveBeenCalled()
    reload(resources('file:///a'))
    expect(end).toHaveBeenCalledOnce()
    expect(events).toMatchObject([{ effect: 'deny', operation: { uri: 'file:///b' } }])
  })

  it.each([{ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen' }, listen()])(
    'D36 that listens to no resource rests on none: %j',
    (body) => {
      const { end, reload } = scene({ body })
      reload(resources('file:///z'))
      expect(end).not.toHaveBeenCalled()
    },
  )
})
