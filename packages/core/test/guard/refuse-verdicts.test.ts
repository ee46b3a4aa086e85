import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/guard/judge.js'
import { readOptions } from '../../src/guard/read-options.js'
import { refuseVerdicts } from '../../src/guard/refuse-verdicts.js'
import { type Message, readMessages } from '../../src/mcp/read-operations.js'
import type { Decision } from '../../src/policy/decision.js'
import type { Principal } from '../../src/policy/principal.js'
import { holderOf, withScopes } from '../policy/peer.js'
import { tokensOf } from './bearers.js'
import { policy } from './stage.js'

type Effect = Verdict['effect']

const DENIED = -31403
const INVALID = -32600
const UNKNOWN = -32601
const FOREIGN = -32602

function read(body: unknown): Message {
  const [message] = readMessages(body, { batch: 0, protocolVersion: undefined })
  if (message === undefined) throw new Error('nothing read')
  return message
}

function request(id: number | string, effect: Effect): Verdict {
  const message = read({ jsonrpc: '2.0', id, method: 'ping' })
  return { effect, message, decisions: [] }
}

function notification(effect: Effect): Verdict {
  const message = read({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return { effect, message, decisions: [] }
}

function response(effect: Effect): Verdict {
  return { effect, message: read({ jsonrpc: '2.0', id: 1, result: {} }), decisions: [] }
}

interface Setting {
  readonly isBatch?: boolean
  readonly querySession?: string
  readonly denyStatus?: 200 | 403
}

function refuse(verdicts: readonly Verdict[], setting: Setting = {}) {
  const { isBatch = false, querySession, denyStatus = 200 } = setting
  const call = { body: isBatch ? [] : {}, querySession, principal: holderOf('reader') }
  const settings = readOptions({ policy, denyStatus })
  const { status, body } = refuseVerdicts({ settings, tokens: undefined }, call, verdicts)
  return { status, answer: JSON.parse(body ?? 'null') as unknown }
}

function error(id: number | string | null, code: number) {
  return { jsonrpc: '2.0', id, error: { code, message: expect.any(String) } }
}

describe('refuseVerdicts for one message', () => {
  it.each([
    { effect: 'deny', code: DENIED },
    { effect: 'unknown', code: UNKNOWN },
    { effect: 'foreign', code: FOREIGN },
  ] as const)('answers a request that is $effect with its id and $code', ({ effect, code }) => {
    expect(refuse([request('seven', effect)])).toEqual({
      status: 200,
      answer: error('seven', code),
    })
  })

  it('denies with denyStatus, which an unknown method does not have', () => {
    const setting = { denyStatus: 403 } as const
    expect(refuse([request(1, 'deny')], setting).status).toBe(403)
    expect(refuse([request(1, 'unknown')], setting).status).toBe(200)
  })

  it.each([notification('deny'), notification('unknown'), response('deny')])(
    'D06 answers what has no id to answer to with 403 and none',
    (verdict) => {
      expect(refuse([verdict])).toEqual({ status: 403, answer: error(null, DENIED) })
    },
  )
})

describe('refuseVerdicts for a batch', () => {
  it('D01 tells every request its part, in order, and nobody else', () => {
    const verdicts = [
      request(1, 'allow'),
      notification('allow'),
      request('b', 'deny'),
      request(3, 'unknown'),
      request(4, 'foreign'),
      response('allow'),
    ]
    expect(refuse(verdicts, { isBatch: true })).toEqual({
      status: 200,
      answer: [error(1, INVALID), error('b', DENIED), error(3, UNKNOWN), error(4, FOREIGN)],
    })
  })

  it('D01 refuses allowed requests beside a denied notification', () => {
    const verdicts = [request(1, 'allow'), notification('deny')]
    expect(refuse(verdicts, { isBatch: true }).answer).toEqual([error(1, INVALID)])
  })

  it('D01 answers one denied request as a batch of one', () => {
    expect(refuse([request(1, 'deny')], { isBatch: true }).answer).toEqual([error(1, DENIED)])
  })

  it('D06 answers a batch without requests with 403', () => {
    const verdicts = [notification('allow'), notification('deny'), response('allow')]
    const setting = { isBatch: true }
    expect(refuse(verdicts, setting)).toEqual({ status: 403, answer: error(null, DENIED) })
  })

  it('has denyStatus as a whole', () => {
    const setting = { isBatch: true, denyStatus: 403 } as const
    expect(refuse([request(1, 'deny')], setting).status).toBe(403)
  })
})

describe('refuseVerdicts over HTTP+SSE', () => {
  it.each(['deny', 'unknown', 'foreign'] as const)(
    'never answers 200 to a request that is %s, since its client reads the status alone',
    (effect) => {
      expect(refuse([request(1, effect)], { querySession: 'id' }).status).toBe(403)
      const batch = { querySession: 'id', isBatch: true }
      expect(refuse([request(1, effect)], batch).status).toBe(403)
    },
  )
})

describe('the texts of refusals', () => {
  it('D24 depend on the code and the id alone', () => {
    const named = (name: string): Verdict => {
      const params = { name, arguments: {} }
      const message = read({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
      return { effect: 'deny', message, decisions: [] }
    }
    expect(refuse([named('deploy')])).toEqual(refuse([named('__proto__')]))
  })
})

describe('refuseVerdicts for what a token could allow', () => {
  const token: Decision = { effect: 'challenge', wants: 'token', rule: 'roles.a' }
  const scopes = (...names: readonly string[]): Decision => ({
    ...{ effect: 'challenge', wants: 'scopes', scopes: names, rule: 'roles.a' },
  })
  const allow: Decision = { effect: 'allow', rule: 'roles.a' }
  const tokens = tokensOf()
  const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'search' } }

  function challenged(body: object, ...decisions: readonly Decision[]): Verdict {
    const operation = { kind: 'lifecycle', method: 'ping' } as const
    const asked = decisions.map((decision) => ({ method: 'ping', operation, decision }))
    return { effect: 'challenge', message: read(body), decisions: asked }
  }

  interface Asked {
    readonly principal?: Principal
    readonly querySession?: string
    readonly isBatch?: boolean
    readonly withTokens?: boolean
  }

  function answerTo(verdicts: readonly Verdict[], asked: Asked = {}) {
    const { principal = holderOf('reader'), querySession, isBatch, withTokens = true } = asked
    const { status, headers, body } = refuseVerdicts(
      { settings: readOptions({ policy }), tokens: withTokens ? tokens : undefined },
      { body: isBatch ? [] : {}, querySession, principal },
      verdicts,
    )
    return { status, challenge: headers['www-authenticate'], answer: JSON.parse(body ?? 'null') }
  }

  const { missing, insufficientScope, signIn, toolResult } = tokens.challenges
  const inResult: Principal = { ...holderOf('reader'), challenge: 'tool-result' }

  it('C20 asks for a token by 401, and for scopes by 403, with the id of the request', () => {
    expect(answerTo([challenged(call, token)])).toEqual({
      ...{ status: 401, challenge: missing() },
      answer: error(7, -31401),
    })
    expect(answerTo([challenged(call, scopes('one'))])).toEqual({
      ...{ status: 403, challenge: insufficientScope(['one']) },
      answer: error(7, DENIED),
    })
  })

  it('answers a batch without requests by the challenge of what is refused', () => {
    const allowed = notification('allow')
    const message = { jsonrpc: '2.0', method: 'notifications/initialized' }
    const answer = answerTo([allowed, challenged(message, token)], { isBatch: true })
    expect(answer).toMatchObject({ status: 401, challenge: missing() })
  })

  it('C20 asks once for the scopes of all operations, with those granted', () => {
    const verdict = challenged(call, allow, scopes('one', 'two'), scopes('two', 'three'))
    const principal = withScopes(holderOf('reader'), 'zero')
    expect(answerTo([verdict], { principal }).challenge).toBe(
      insufficientScope(['zero', 'one', 'two', 'three']),
    )
  })

  it('asks for the token first where one operation needs that', () => {
    const verdict = challenged(call, scopes('one'), token)
    expect(answerTo([verdict])).toMatchObject({ status: 401, challenge: missing() })
  })

  it('asks for a token where no decision says what is wanted', () => {
    expect(answerTo([challenged(call)])).toMatchObject({ status: 401, challenge: missing() })
  })

  it('answers what has no id by the same challenge', () => {
    const message = { jsonrpc: '2.0', method: 'notifications/initialized' }
    for (const principal of [holderOf('reader'), inResult]) {
      expect(answerTo([challenged(message, token)], { principal })).toEqual({
        ...{ status: 401, challenge: missing() },
        answer: error(null, -31401),
      })
    }
  })

  it('asks in the result of a tool call where the caller looks for it there', () => {
    const asked = { principal: inResult }
    expect(answerTo([challenged(call, token)], asked)).toEqual({
      ...{ status: 200, challenge: undefined },
      answer: { jsonrpc: '2.0', id: 7, result: toolResult(signIn()) },
    })
    expect(answerTo([challenged(call, scopes('one'))], asked).answer).toMatchObject({
      result: toolResult(insufficientScope(['one'])),
    })
  })

  it('asks by the status where the answer is to no tool call, or goes over HTTP+SSE', () => {
    const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' }
    expect(answerTo([challenged(list, token)], { principal: inResult }).status).toBe(401)
    const overSse = { principal: inResult, querySession: 'id' }
    expect(answerTo([challenged(call, token)], overSse).status).toBe(401)
  })

  it('denies without OAuth, and each request of a batch', () => {
    const verdict = challenged(call, token)
    const plain = { status: 200, challenge: undefined }
    expect(answerTo([verdict], { withTokens: false })).toEqual({
      ...{ ...plain, answer: error(7, DENIED) },
    })
    expect(answerTo([verdict], { isBatch: true })).toEqual({
      ...{ ...plain, answer: [error(7, DENIED)] },
    })
  })
})
