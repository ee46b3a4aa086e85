import type { AuditSink } from '@mcp-mtls/core'
import { describe, expect, it } from 'vitest'
import { legacyPost, message, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { legacyServer, type Stage } from './stage.js'

/** What fails inside the guard never reaches the handler. */
export function describeFailures(stage: Stage): void {
  describe('a failure inside the guard', () => {
    describeAuditSink(stage)
    describeStart(stage)
  })
}

function failing(fails: Parameters<AuditSink>[0]['method'] | undefined): AuditSink {
  return ({ method }) => {
    if (fails === undefined || method === fails) throw new Error('canary-of-the-sink')
  }
}

function describeAuditSink(stage: Stage): void {
  it.each([
    { what: 'an allowed call', tool: 'search' },
    { what: 'a denied call', tool: 'deploy' },
  ])('D29 refuses $what that cannot be audited with 500', async ({ tool }) => {
    const options = { audit: failing('tools/call') }
    await stage.play({ fixture: legacyServer(), options }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, { certificate, ...legacyPost(toolCall(tool)) })
      expect(answer).toMatchObject({ status: 500, json: { id: null, error: { code: -32603 } } })
      expect(answer.body).not.toContain('canary')
      expect(reached()).toBe(0)
      const ping = await rawRequest(url, { certificate, ...legacyPost(message('ping')) })
      expect(ping.status).toBe(200)
    })
  })

  it.each([
    { what: 'a stranger', who: 'stranger', status: 500 },
    { what: 'a certificate without an identity', who: 'nameless', status: 403 },
  ] as const)('D29 refuses $what where no event can be written', async ({ who, status }) => {
    const options = { audit: failing(undefined) }
    await stage.play({ fixture: legacyServer(), options }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients[who]
      const answer = await rawRequest(url, { certificate, ...legacyPost(toolCall('search')) })
      expect(answer.status).toBe(status)
      expect(reached()).toBe(0)
    })
  })

  it('D29 gives up an answer whose filtering cannot be audited', async () => {
    const options = { audit: failing('answer'), enforcement: 'observe' } as const
    await stage.play({ fixture: legacyServer(), options }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const list = legacyPost(message('tools/list'))
      const answer = await rawRequest(url, { certificate, ...list })
      expect(answer).toMatchObject({ status: 500, json: { error: { code: -32603 } } })
      expect(answer.body).not.toContain('search')
    })
  })

  it('D29 refuses what an asynchronous sink is asked to write, whatever becomes of it', async () => {
    const options = { audit: () => Promise.reject(new Error('canary-of-the-sink')) }
    await stage.play({ fixture: legacyServer(), options }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, { certificate, ...legacyPost(toolCall('search')) })
      expect(answer.status).toBe(500)
      expect(reached()).toBe(0)
    })
  })
}

function describeStart(stage: Stage): void {
  it('D35 without a policy that loads, nothing is served', async () => {
    const options = { policy: 'there/is/no/such/policy.yaml' }
    await expect(stage.open({ fixture: legacyServer(), options })).rejects.toThrow(/no\/such/)
  })
}
