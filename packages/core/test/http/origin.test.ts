import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RequestError } from '../../src/errors.js'
import type { HttpRequest } from '../../src/http/headers.js'
import {
  checkOrigin,
  corsHeaders,
  isPreflight,
  type OriginRules,
  preflightAnswer,
} from '../../src/http/origin.js'
import { sendRaw, serve } from './serve.js'

function judge(req: HttpRequest, rules: OriginRules): string {
  try {
    checkOrigin(req, rules)
    return 'allowed'
  } catch (error) {
    return error instanceof RequestError ? String(error.status) : String(error)
  }
}

/** Asks with these header lines, `Host` among them. */
async function ask(rules: OriginRules, ...lines: readonly string[]): Promise<string> {
  const port = await serve((req, res) => res.end(`verdict ${judge(req, rules)}`))
  const answer = await sendRaw(port, `${['GET / HTTP/1.0', ...lines].join('\r\n')}\r\n\r\n`)
  return /verdict (.*)$/.exec(answer)?.[1] ?? answer
}

const HOST = 'Host: mcp.example'

describe('checkOrigin', () => {
  it.each([
    ['no Origin', 'allowed', [HOST]],
    ['the same origin', 'allowed', [HOST, 'Origin: https://mcp.example']],
    [
      'the same origin with a port',
      'allowed',
      ['Host: a.example:8443', 'Origin: https://a.example:8443'],
    ],
    [
      'the default port written out',
      'allowed',
      ['Host: a.example:443', 'Origin: https://a.example'],
    ],
    ['a host in capitals', 'allowed', ['Host: MCP.example', 'Origin: https://mcp.example']],
    ['an IPv6 host', 'allowed', ['Host: [::1]:8443', 'Origin: https://[::1]:8443']],
    ['an empty IPv6 host', '403', ['Host: []', 'Origin: https://[]']],
    ['null', '403', [HOST, 'Origin: null']],
    ['an empty Origin', '403', [HOST, 'Origin: ']],
    ['another site', '403', [HOST, 'Origin: https://evil.example']],
    ['plain http', '403', [HOST, 'Origin: http://mcp.example']],
    ['another port', '403', [HOST, 'Origin: https://mcp.example:444']],
    ['a subdomain', '403', [HOST, 'Origin: https://a.mcp.example']],
    ['a suffix', '403', [HOST, 'Origin: https://mcp.example.evil.example']],
    ['a trailing slash', '403', [HOST, 'Origin: https://mcp.example/']],
    ['an Origin without a Host', '403', ['Origin: https://mcp.example']],
    [
      'a Host that smuggles a user',
      '403',
      ['Host: a@mcp.example', 'Origin: https://a@mcp.example'],
    ],
    ['two Origins', '400', [HOST, 'Origin: https://mcp.example', 'Origin: https://evil.example']],
    ['two Hosts', '400', [HOST, 'Host: evil.example', 'Origin: https://mcp.example']],
  ])('D32 same origin only, by default: %s is %s', async (_what, verdict, lines) => {
    expect(await ask({}, ...lines)).toBe(verdict)
  })

  it('D32 with a list of origins allows those and no other', async () => {
    const rules = { origins: ['https://app.example'] }
    expect(await ask(rules, HOST, 'Origin: https://app.example')).toBe('allowed')
    expect(await ask(rules, HOST, 'Origin: https://mcp.example')).toBe('403')
    expect(await ask(rules, HOST, 'Origin: https://app.example.evil')).toBe('403')
    expect(await ask(rules, HOST)).toBe('allowed')
    expect(await ask({ origins: ['null'] }, HOST, 'Origin: null')).toBe('403')
    expect(await ask({ origins: [] }, HOST, 'Origin: https://mcp.example')).toBe('403')
  })

  it.each([
    ['a listed name', 'allowed', 'Host: mcp.example'],
    ['a listed name with any port', 'allowed', 'Host: MCP.example:9000'],
    ['a listed name and port', 'allowed', 'Host: b.example:8443'],
    ['a name listed with another port', '403', 'Host: b.example:9000'],
    ['a name listed with a port, without one', '403', 'Host: b.example'],
    ['a rebound name', '403', 'Host: evil.example'],
    ['a trailing dot', '403', 'Host: mcp.example.'],
    ['a path in it', '403', 'Host: mcp.example/x'],
    ['nothing', '403', 'Host: '],
    ['an absent Host', '403', 'Accept: a'],
  ])('D32 with a list of hosts: %s is %s', async (_what, verdict, line) => {
    expect(await ask({ hosts: ['mcp.example', 'b.example:8443'] }, line)).toBe(verdict)
  })

  it('D32 an empty list of hosts allows none', async () => {
    expect(await ask({ hosts: [] }, HOST)).toBe('403')
  })

  it('D32 takes :authority on HTTP/2', async () => {
    const server = createHttp2Server((req, res) => {
      res.end(`${judge(req, {})} ${judge(req, { hosts: ['mcp.example'] })}`)
    })
    server.listen(0)
    await once(server, 'listening')
    const session = connectHttp2(`http://localhost:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const fetchVerdicts = (headers: Record<string, string>): Promise<string> =>
      text(session.request({ ':path': '/', ':authority': 'mcp.example', ...headers }))
    expect(await fetchVerdicts({ origin: 'https://mcp.example' })).toBe('allowed allowed')
    expect(await fetchVerdicts({ origin: 'https://evil.example' })).toBe('403 403')
    expect(await fetchVerdicts({ host: 'evil.example' })).toBe('400 400')
    expect(await fetchVerdicts({ ':authority': 'evil.example' })).toBe('allowed 403')
  })
})

describe('preflight', () => {
  async function preflight(...lines: readonly string[]): Promise<string> {
    const port = await serve((req, res) => {
      if (!isPreflight(req)) {
        res.end('no preflight')
        return
      }
      const answer = preflightAnswer(req, { origins: ['https://app.example'] })
      res.writeHead(answer.status, answer.headers).end(answer.body)
    })
    return sendRaw(port, `${['OPTIONS / HTTP/1.0', HOST, ...lines].join('\r\n')}\r\n\r\n`)
  }
  const ASKS = 'Access-Control-Request-Method: POST'

  it('D32 answers an allowed origin with what it may send', async () => {
    const wants = 'Access-Control-Request-Headers: mcp-param-region, X-Evil, Content-Type'
    const answer = await preflight('Origin: https://app.example', ASKS, wants)
    expect(answer).toMatch(/^HTTP\/1.1 204 /)
    expect(answer).toContain('access-control-allow-origin: https://app.example\r\n')
    expect(answer).toContain('access-control-allow-credentials: true\r\n')
    expect(answer).toContain('access-control-allow-methods: POST, GET, DELETE\r\n')
    expect(answer).toContain('access-control-max-age: 600\r\n')
    expect(answer).toContain('vary: origin\r\n')
    expect(answer).not.toContain('evil')
    const allowed = /access-control-allow-headers: (.*)\r\n/.exec(answer)?.[1]?.split(', ')
    expect(allowed).toEqual([
      'accept',
      'authorization',
      'content-type',
      'dpop',
      'last-event-id',
      'mcp-method',
      'mcp-name',
      'mcp-protocol-version',
      'mcp-session-id',
      'mcp-param-region',
    ])
  })

  it.each(['null', 'https://evil.example', 'https://mcp.example'])(
    'D32 tells %s nothing',
    async (origin) => {
      const answer = await preflight(`Origin: ${origin}`, ASKS)
      expect(answer).toMatch(/^HTTP\/1.1 204 /)
      expect(answer).not.toContain('access-control')
    },
  )

  it('takes an OPTIONS without those headers for no preflight', async () => {
    expect(await preflight('Origin: https://app.example')).toContain('no preflight')
    expect(await preflight(ASKS)).toContain('no preflight')
  })

  it('lets the page of an allowed origin read an answer, and says that it varies', async () => {
    const port = await serve((req, res) => {
      res.end(JSON.stringify(corsHeaders(req, { origins: ['https://app.example'] })))
    })
    const get = (line: string): Promise<string> =>
      sendRaw(port, `GET / HTTP/1.0\r\n${HOST}\r\n${line}\r\n\r\n`)
    const answer = await get('Origin: https://app.example')
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toEqual({
      vary: 'origin',
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers':
        'mcp-session-id, mcp-protocol-version, www-authenticate, dpop-nonce, retry-after',
    })
    expect(await get('Origin: https://evil.example')).toContain('{"vary":"origin"}')
    expect(await get('Accept: a')).toContain('{"vary":"origin"}')
  })
})
