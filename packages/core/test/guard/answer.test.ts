import { describe, expect, it } from 'vitest'
import { CertificateError, RequestError } from '../../src/errors.js'
import * as answers from '../../src/guard/answer.js'
import { token } from '../policy/peer.js'

const error = (id: unknown, code: number) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message: expect.any(String) },
})

function read({ body, ...rest }: ReturnType<typeof answers.toAnswer>) {
  return { ...rest, body: JSON.parse(body ?? 'null') as unknown }
}

describe('toAnswer', () => {
  it.each([
    [400, -32600, 'seven', {}],
    [403, -32600, null, {}],
    [404, -32001, null, {}],
    [413, -32600, null, { connection: 'close' }],
    [415, -32600, null, {}],
    [503, -32603, null, { 'retry-after': '5' }],
  ])('answers a refusal of status %i with code %i and the id %j', (status, code, id, headers) => {
    const refused = new RequestError(status, code, 'canary')
    expect(read(answers.toAnswer(refused, 'seven'))).toEqual({
      status,
      headers,
      body: error(id, code),
    })
  })

  it('answers a certificate that gives no identity with 403, and ends its connection', () => {
    const refused = new CertificateError('malformed', 'canary')
    const answer = { status: 403, headers: { connection: 'close' }, body: error(null, -31401) }
    expect(read(answers.toAnswer(refused, 'seven'))).toEqual(answer)
    expect(read(answers.certificateRefused())).toEqual(answer)
  })

  it.each([new Error('canary'), new TypeError('canary'), 'canary', undefined, null])(
    'D29 answers what nobody foresaw with 500: %s',
    (thrown) => {
      const answer = answers.toAnswer(thrown, 'seven')
      expect(read(answer)).toEqual({ status: 500, headers: {}, body: error(null, -32603) })
      expect(answer.body).not.toContain('canary')
    },
  )
})

describe('the constant answers', () => {
  const close = { connection: 'close' }

  it.each([
    ['withoutRole', answers.withoutRole(), 403, -31403, close],
    ['withoutRole of a token', answers.withoutRole(token()), 403, -31403, {}],
    ['deniedNotification', answers.deniedNotification(), 403, -31403, {}],
    ['methodNotAllowed', answers.methodNotAllowed(), 405, -32600, { allow: 'GET, POST, DELETE' }],
    ['upgradeRefused', answers.upgradeRefused(), 426, -32600, close],
    ['internalFailure', answers.internalFailure(), 500, -32603, {}],
  ])('%s', (_, answer, status, code, headers) => {
    expect(read(answer)).toEqual({ status, headers, body: error(null, code) })
  })

  it.each([
    ['legacy', 200],
    ['modern', 404],
  ] as const)('tell a %s client of an unknown method with %i', (era, status) => {
    expect(read(answers.unknownMethod(7, era))).toEqual({
      status,
      headers: {},
      body: error(7, -32601),
    })
  })

  it('end a stream with one event for every request that waits on it', () => {
    expect(answers.failureEvents([])).toBe('')
    const events = answers.failureEvents([1, 'b']).split('\n\n')
    expect(events).toEqual([
      expect.stringMatching(/^event: message\ndata: .*"id":1,"error":\{"code":-32603,/),
      expect.stringMatching(/^event: message\ndata: .*"id":"b","error":\{"code":-32603,/),
      '',
    ])
  })
})
