import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { readOptions } from '../../src/guard/read-options.js'
import { release } from '../../src/guard/release.js'
import { createSeals } from '../../src/guard/seals.js'
import { definePolicy } from '../../src/policy/define.js'
import type { Policy } from '../../src/policy/policy.js'
import { holderOf } from '../policy/peer.js'
import { policy } from './stage.js'

const withoutReader = definePolicy({ version: 1 })

/** Releases a call that was decided on under `policy`, while another one may be in force by now. */
function releaseUnder(inForce: Policy, method: string, roles: readonly string[]) {
  const events: AuditFacts[] = []
  const admitted = vi.fn()
  const context = {
    settings: readOptions({ policy }),
    seals: createSeals(undefined, '/mcp'),
    policy: () => inForce,
    principals: () => holderOf(...roles),
    audit: (facts: AuditFacts) => void events.push(facts),
    admitted,
  } as unknown as GuardContext
  const req = Object.assign(new IncomingMessage(new Socket()), { method })
  const res = new ServerResponse(req)
  const principal = holderOf('reader')
  const call: Call = { req, res, principal, policy, body: undefined, querySession: undefined }
  const tasks = () => {
    throw new Error('no task is asked for')
  }
  release(context, call, { messages: [], tasks })
  return { res, events, admitted }
}

describe('release', () => {
  it('D36 ends a stream whose role was taken away after it was decided on', () => {
    const { res, events, admitted } = releaseUnder(withoutReader, 'GET', [])
    expect(admitted).toHaveBeenCalledOnce()
    expect([res.statusCode, res.writableEnded]).toEqual([500, true])
    expect(events).toMatchObject([
      { type: 'decision', effect: 'deny', method: 'GET', reason: 'no-role' },
    ])
  })

  it.each([
    ['GET', policy, ['reader']],
    ['GET', definePolicy({ version: 1, roles: { reader: {} } }), ['reader']],
    ['DELETE', withoutReader, []],
    ['POST', withoutReader, []],
  ] as const)('leaves %s open that may stay so', (method, inForce, roles) => {
    const { res, events, admitted } = releaseUnder(inForce, method, roles)
    expect(admitted).toHaveBeenCalledOnce()
    expect([res.headersSent, res.writableEnded]).toEqual([false, false])
    expect(events).toEqual([])
  })
})
