import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { RequestError } from '../../src/errors.js'
import { correctQuery } from '../../src/guard/correct-query.js'
import { createSeals } from '../../src/guard/seals.js'
import { createCallerSessions } from '../../src/guard/sessions.js'

const seals = createSeals(['a-secret-of-the-tests-0123456789-abc'], '/mcp')
const alice = createCallerSessions(seals, ['alice'])
const mallory = createCallerSessions(seals, ['mallory'])
const raw = 'app/id+1'
const sealed = seals.seal({ label: 'session', owner: 'alice', text: raw })
const inUrl = encodeURIComponent(sealed)

function request(url: string, ...headers: readonly (readonly [string, string])[]): IncomingMessage {
  const req = new IncomingMessage(new Socket())
  req.url = url
  for (const [name, value] of headers) {
    req.rawHeaders.push(name, value)
    req.headers[name.toLowerCase()] = value
  }
  return req
}

/** Status and code of a refusal. */
function refusal(act: () => unknown): readonly [number, number] | 'none' {
  try {
    act()
    return 'none'
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    return [error.status, error.rpcCode]
  }
}

function head(value: string | undefined) {
  const headers = new Map(value === undefined ? [] : [['mcp-session-id', value]])
  return {
    status: 200,
    get: (name: string) => headers.get(name),
    set: (name: string, text: string) => void headers.set(name, text),
    remove: (name: string) => void headers.delete(name),
  }
}

describe('a session in the header', () => {
  it('D13 is put back as the application knows it, in both kinds of headers', () => {
    const req = request('/mcp', ['accept', '*/*'], ['MCP-Session-Id', sealed])
    expect(alice.open(req)).toBeUndefined()
    expect(req.headers['mcp-session-id']).toBe(raw)
    expect(req.rawHeaders).toEqual(['accept', '*/*', 'MCP-Session-Id', raw])
    expect(req.url).toBe('/mcp')
  })

  it.each([
    ['of another caller', () => mallory.open(request('/', ['mcp-session-id', sealed]))],
    ['that is bare', () => alice.open(request('/', ['mcp-session-id', raw]))],
    ['that is empty', () => alice.open(request('/', ['mcp-session-id', '']))],
  ])('D13 is refused with 404 %s', (_, act) => {
    expect(refusal(act)).toEqual([404, -32001])
  })

  it('D31 is refused with 400 where it is sent twice', () => {
    const twice = request('/', ['mcp-session-id', sealed], ['Mcp-Session-Id', sealed])
    expect(refusal(() => alice.open(twice))).toEqual([400, -32600])
  })

  it('is sealed on every answer that carries one', () => {
    const answer = head(raw)
    alice.sealHead(answer)
    expect(answer.get('mcp-session-id')).toBe(sealed)
    const without = head(undefined)
    alice.sealHead(without)
    expect(without.get('mcp-session-id')).toBeUndefined()
  })
})

describe('a session in the query', () => {
  it.each([
    { url: `/messages?sessionId=${inUrl}`, to: '/messages?sessionId=app%2Fid%2B1' },
    { url: `/m?a=1&sessionId=${inUrl}&b=%20`, to: '/m?a=1&sessionId=app%2Fid%2B1&b=%20' },
    { url: `/m?%73ession%49d=${inUrl}`, to: '/m?sessionId=app%2Fid%2B1' },
    { url: `/m;v=1/n?sessionId=${inUrl}`, to: '/m;v=1/n?sessionId=app%2Fid%2B1' },
    { url: `https://a.test/m?sessionId=${inUrl}`, to: 'https://a.test/m?sessionId=app%2Fid%2B1' },
    { url: `/m?sessionId=${inUrl}#f`, to: '/m?sessionId=app%2Fid%2B1#f' },
  ])('D13 is put back in $url', ({ url, to }) => {
    const req = request(url)
    expect(alice.open(req)).toBe(raw)
    expect(req.url).toBe(to)
    expect(refusal(() => mallory.open(request(url)))).toEqual([404, -32001])
  })

  it.each(['/mcp', '/mcp?', '/mcp?a=b&c', '/mcp?session=1&id=2', '/mcp#f', '/mcp?x=%', '', '*'])(
    'leaves %j alone',
    (url) => {
      const req = request(url)
      expect(alice.open(req)).toBeUndefined()
      expect(req.url).toBe(url)
    },
  )

  it.each([
    `?sessionId=${inUrl}&sessionId=${inUrl}`,
    `?sessionId=${inUrl}&sessionId=${raw}`,
    `?sessionId=${raw}&sessionId=${inUrl}`,
    `?sessionId=${raw}`,
    '?sessionId=',
    '?sessionId',
    `??sessionId=${raw}`,
    `?%73essionId=${raw}`,
  ])('D13 refuses %j with 404', (query) => {
    expect(refusal(() => alice.open(request(`/messages${query}`)))).toEqual([404, -32001])
  })

  it.each([
    `?sessionId[]=${raw}`,
    `?sessionId%5B%5D=${raw}`,
    `?sessionId[0]=${raw}`,
    `?[sessionId]=${raw}`,
    `?%5bsessionId%5d=${raw}`,
    `?a[sessionId]=${raw}`,
    `?SESSIONID=${raw}`,
    `?ſessionId=${raw}`,
    `?%C5%BFessionId=${raw}`,
    `?sessionId%00=${raw}`,
    `?sessionId%20=${raw}`,
    `?+sessionId=${raw}`,
    `?x=1;sessionId=${raw}`,
    `?x=1%26sessionId=${raw}`,
    `?%E0%A4%A&x%sessionId=${raw}`,
    `#sessionId=${raw}`,
    `#x=1&sessionId=${raw}&y=?z`,
    `?x=1#sessionId=${raw}`,
    `;sessionId=${raw}`,
    `;x=1;SessionId=${raw}?y=1`,
  ])('D13 refuses %j with 400, behind a path, alone and beside a good one', (tail) => {
    expect(refusal(() => alice.open(request(`/${tail}`)))).toEqual([400, -32600])

    expect(refusal(() => alice.open(request(`/messages${tail}`)))).toEqual([400, -32600])
    if (!tail.startsWith('?')) return
    const beside = [`?sessionId=${inUrl}&${tail.slice(1)}`, `${tail}&sessionId=${inUrl}`]
    for (const query of beside) {
      expect(
        refusal(() => alice.open(request(`/messages${query}`))),
        query,
      ).not.toBe('none')
    }
  })
})

describe('an endpoint event', () => {
  it.each([
    ['/messages?sessionId=app%2Fid%2B1', `/messages?sessionId=${inUrl}`],
    ['https://a.test/m?a=1&sessionId=app%2Fid%2B1', `https://a.test/m?a=1&sessionId=${inUrl}`],
  ])('names the sealed id, which its owner can send: %s', (url, expected) => {
    expect(alice.sealEndpoint(url)).toBe(expected)
    expect(alice.open(request(alice.sealEndpoint(url)))).toBe(raw)
    expect(refusal(() => mallory.open(request(alice.sealEndpoint(url))))).toEqual([404, -32001])
  })

  it.each([
    '/messages',
    '/messages/app-id',
    '/messages?session_id=app-id',
    '/messages?sessionId=a&sessionId=b',
    '/messages?SessionId=a',
    '/messages#sessionId=a',
  ])('D13 is refused where its session cannot be tied to the caller: %s', (url) => {
    expect(() => alice.sealEndpoint(url)).toThrow()
  })
})

describe('a query parsed before the guard ran', () => {
  const call = (querySession: string | undefined) => {
    const req = request('/')
    return { querySession, req } as unknown as Parameters<typeof correctQuery>[1]
  }

  it('D13 gets the id the guard has opened', () => {
    expect(correctQuery({ a: '1', sessionId: sealed }, call(raw))).toEqual({
      a: '1',
      sessionId: raw,
    })
    expect(correctQuery({ a: '1' }, call(raw))).toEqual({ a: '1', sessionId: raw })
  })

  it.each([raw, [raw], { x: raw }])('D13 loses an id the guard has not opened: %j', (sessionId) => {
    expect(correctQuery({ a: '1', sessionId }, call(undefined))).toEqual({ a: '1' })
  })

  it('D13 loses it from a query without a prototype too', () => {
    const query: Record<string, string> = Object.assign(Object.create(null), { sessionId: raw })
    expect(correctQuery(query, call(undefined))).not.toHaveProperty('sessionId')
  })

  it('is left as it is without an id', () => {
    const query = { a: '1' }
    expect(correctQuery(query, call(undefined))).toBe(query)
    expect(correctQuery(undefined, call(undefined))).toBeUndefined()
  })
})

describe('the id of an event', () => {
  const event = alice.sealEvent('7')

  it('D14 is put back as the application knows it, in both kinds of headers', () => {
    const req = request('/mcp', ['Last-Event-ID', event])
    alice.open(req)
    expect(req.headers['last-event-id']).toBe('7')
    expect(req.rawHeaders).toEqual(['Last-Event-ID', '7'])
  })

  it.each([
    ['of another caller', mallory, event],
    ['that is bare', alice, '7'],
    ['that is a session', alice, sealed],
    ['that is empty', alice, ''],
  ])('D14 is refused with 404 %s', (_, caller, id) => {
    expect(refusal(() => caller.open(request('/mcp', ['last-event-id', id])))).toEqual([
      404, -32001,
    ])
  })

  it('D14 is no session', () => {
    expect(refusal(() => alice.open(request('/mcp', ['mcp-session-id', event])))).toEqual([
      404, -32001,
    ])
  })
})
