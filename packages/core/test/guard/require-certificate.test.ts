import { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { AuditFacts } from '../../src/audit/event.js'
import { CertificateError, RequestError } from '../../src/errors.js'
import type { GuardContext } from '../../src/guard/context.js'
import { requireCertificate } from '../../src/guard/require-certificate.js'
import type { Answer } from '../../src/http/write-answer.js'
import { requestWith, tokensOf } from './bearers.js'

interface Setting {
  readonly clientCertificate?: 'request' | 'required'
  readonly route?: string
  readonly error?: Error
  readonly oauth?: boolean
}

const none = new CertificateError('no-certificate', 'there is none')

function ask({ clientCertificate = 'request', route, error = none, oauth = true }: Setting) {
  const events: AuditFacts[] = []
  const answers: Answer[] = []
  const context = {
    settings: { tls: { clientCertificate }, open: ['/health'] },
    tokens: oauth ? tokensOf() : undefined,
    connections: {
      certificate: () => {
        throw error
      },
    },
    logger: { error() {} },
    audit: (facts: AuditFacts) => void events.push(facts),
    answer: (_res: unknown, answer: Answer) => void answers.push(answer),
  } as unknown as GuardContext
  const req = requestWith({})
  const passes = requireCertificate(context, { req, res: new ServerResponse(req) }, route)
  return { passes, events, statuses: answers.map(({ status }) => status) }
}

const metadata = '/.well-known/oauth-protected-resource'

describe('a route beside the guarded one', () => {
  it('is refused to a peer without a certificate, on record', () => {
    for (const route of ['/admin', undefined, '/health/', '/healthy', '']) {
      const { passes, events, statuses } = ask(route === undefined ? {} : { route })
      expect({ passes, statuses }).toEqual({ passes: false, statuses: [403] })
      expect(events).toMatchObject([{ type: 'authentication', reason: 'no-certificate' }])
    }
  })

  it.each(['/health', metadata, `${metadata}/mcp`])('is open at %s', (route) => {
    expect(ask({ route })).toEqual({ passes: true, events: [], statuses: [] })
  })

  it('has no open metadata without OAuth', () => {
    expect(ask({ route: metadata, oauth: false }).passes).toBe(false)
  })

  it('is as the handshake left it where that refuses such peers', () => {
    expect(ask({ clientCertificate: 'required', route: '/admin' })).toMatchObject({ passes: true })
  })

  it('is refused where the certificate cannot be asked for', () => {
    const error = new RequestError(503, -32603, 'is not attached')
    expect(ask({ error })).toMatchObject({ passes: false, statuses: [503] })
  })

  it('is reached with a certificate', () => {
    const context = {
      settings: { tls: { clientCertificate: 'request' }, open: [] },
      connections: { certificate: () => ({}) },
    } as unknown as GuardContext
    const req = requestWith({})
    expect(requireCertificate(context, { req, res: new ServerResponse(req) }, '/a')).toBe(true)
  })

  it('is left to an application that owns its TLS', () => {
    const context = { settings: { tls: undefined, open: [] } } as unknown as GuardContext
    const req = requestWith({})
    expect(requireCertificate(context, { req, res: new ServerResponse(req) }, '/a')).toBe(true)
  })
})
