import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import { CertificateError, RequestError } from '../../src/errors.js'
import type { GuardContext } from '../../src/guard/context.js'
import { refuse } from '../../src/guard/refuse.js'
import type { Answer } from '../../src/http/write-answer.js'
import { thumbprint } from '../../src/identity/thumbprint.js'
import { holderOf } from '../policy/peer.js'
import { createLog } from './stage.js'

/** A context that keeps what it is told, and an exchange on a socket with this certificate. */
function createStage(getPeerX509Certificate?: unknown) {
  const events: AuditFacts[] = []
  const answers: Answer[] = []
  const logger = createLog()
  const audit = (facts: AuditFacts) => void events.push(facts)
  const answer = (_res: unknown, given: Answer) => void answers.push(given)
  const context = { audit, logger, answer } as unknown as GuardContext
  const socket = Object.assign(new Socket(), getPeerX509Certificate && { getPeerX509Certificate })
  Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.7' })
  const req = new IncomingMessage(socket)
  req.method = 'POST'
  return { events, answers, logger, context, exchange: { req, res: new ServerResponse(req) } }
}

const known = { subject: 'CN=a', raw: Buffer.from('der') }

describe('refuse', () => {
  it.each([
    [new CertificateError('expired', 'why'), 'authentication', 'expired', 'why', 403],
    [new RequestError(400, -32600, 'what'), 'protocol', 'what', undefined, 400],
    [new RequestError(499, -32600, 'what'), 'protocol', 'what', undefined, 499],
    [new RequestError(500, -32603, 'what'), 'error', 'what', undefined, 500],
    [new RequestError(503, -32603, 'what'), 'error', 'what', undefined, 503],
    [new Error('oops'), 'error', 'oops', undefined, 500],
    ['oops', 'error', 'a value that is no error was thrown', undefined, 500],
  ])('records and answers %s as: %s', (error, type, reason, hint, status) => {
    const { context, exchange, events, answers, logger } = createStage()
    refuse(context, exchange, error)
    expect(events).toMatchObject([
      { type, effect: 'deny', reason, method: 'POST', remoteAddress: '192.0.2.7' },
    ])
    expect(events[0]?.hint).toBe(hint)
    expect(answers.map((answer) => answer.status)).toEqual([status])
    const line = {
      level: 'error',
      fields: { err: error },
      message:
        status === 503
          ? 'mcp-mtls: a request cannot be judged now: what'
          : 'mcp-mtls: a request failed inside the guard',
    }
    expect(logger.lines).toEqual(type === 'error' ? [line] : [])
  })

  it('names the request in the answer to a body that cannot be judged', () => {
    const { context, exchange, answers } = createStage()
    const body = { jsonrpc: '2.0', id: 'seven', method: 'ping' }
    refuse(context, { ...exchange, body }, new RequestError(400, -32600, 'what'))
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ id: 'seven' })
  })

  it('names the principal, or else the certificate of the connection', () => {
    const { context, exchange, events } = createStage(() => known)
    const principal = holderOf('reader')
    refuse(context, exchange, new Error('oops'))
    refuse(context, { ...exchange, principal }, new Error('oops'))
    expect(events).toMatchObject([
      { principal: undefined, subject: 'CN=a', thumbprint: thumbprint(known.raw) },
      { principal },
    ])
    expect(events[1]).not.toHaveProperty('subject')
    expect(events[1]).not.toHaveProperty('thumbprint')
  })

  it.each([
    ['no certificate', () => undefined],
    [
      'one that cannot be read',
      () => {
        throw new Error('no')
      },
    ],
    ['a property that is no method', 'CN=a'],
  ])('records the refusal of a connection with %s', (_, read) => {
    const { context, exchange, events, answers } = createStage(read)
    refuse(context, exchange, new CertificateError('no-certificate', 'why'))
    expect(events).toMatchObject([{ type: 'authentication', reason: 'no-certificate' }])
    expect(events[0]).not.toHaveProperty('subject')
    expect(answers).toHaveLength(1)
  })

  it('D29 answers all the same where the event cannot be written, and logs why', () => {
    const { context, exchange, answers, logger } = createStage()
    const sinkError = new Error('full')
    const audit = () => {
      throw sinkError
    }
    refuse({ ...context, audit }, exchange, new RequestError(400, -32600, 'what'))
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(logger.lines).toEqual([
      { level: 'error', fields: { err: sinkError }, message: 'mcp-mtls: the audit sink failed' },
    ])
  })
})
