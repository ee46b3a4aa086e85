import { describe, expect, it } from 'vitest'
import { RequestError } from '../../src/errors.js'
import { singleHeader } from '../../src/http/headers.js'
import { sendRaw, serve } from './serve.js'

/** What `singleHeader` says of a request with these header lines. */
async function read(name: string, ...lines: readonly string[]): Promise<string> {
  const port = await serve((req, res) => {
    try {
      res.end(`value=${singleHeader(req, name) ?? 'absent'}`)
    } catch (error) {
      res.end(`status=${(error as RequestError).status}`)
    }
  })
  const head = ['GET / HTTP/1.1', 'Host: a', 'Connection: close', ...lines].join('\r\n')
  return (await sendRaw(port, `${head}\r\n\r\n`)).split('\r\n\r\n')[1] ?? ''
}

describe('singleHeader', () => {
  it('reads a header whatever its case', async () => {
    expect(await read('authorization', 'AUTHORIZATION: Bearer a')).toContain('value=Bearer a')
  })

  it('gives undefined for an absent header', async () => {
    expect(await read('authorization')).toContain('value=absent')
  })

  it.each(['authorization', 'mcp-session-id', 'mcp-name', 'x-forwarded-client-cert', 'origin'])(
    'D31 refuses %s sent twice',
    async (name) => {
      expect(await read(name, `${name}: a`, `${name.toUpperCase()}: b`)).toContain('status=400')
      expect(await read(name, `${name}: a`, `${name}: a`)).toContain('status=400')
    },
  )

  it('D31 does not take the twin with underscores for the header', async () => {
    expect(await read('x-forwarded-client-cert', 'X_Forwarded_Client_Cert: a')).toContain('absent')
  })

  it('A24 survives a header named __proto__', async () => {
    expect(await read('authorization', '__proto__: x', 'Authorization: b')).toContain('value=b')
    expect(await read('__proto__', '__proto__: x', '__proto__: y')).toContain('status=400')
  })

  it('D31 refuses a header that the raw headers do not have', async () => {
    const port = await serve((req, res) => {
      req.headers['mcp-name'] = 'invented'
      expect(() => singleHeader(req, 'mcp-name')).toThrow(RequestError)
      res.end('checked')
    })
    const answer = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(answer).toContain('checked')
  })

  it.each([
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2'],
    ['length and chunked', 'Content-Length: 1\r\nTransfer-Encoding: chunked'],
    ['an unknown transfer coding last', 'Transfer-Encoding: chunked, identity'],
    ['a space before the colon', 'Mcp-Name : a'],
    ['a folded line', 'Mcp-Name: a\r\n b'],
    ['a NUL', 'Mcp-Name: a\u0000b'],
  ])('D31 never sees a request with %s, since Node answers 400', async (_what, lines) => {
    let reached = false
    const port = await serve((_req, res) => {
      reached = true
      res.end()
    })
    const answer = await sendRaw(port, `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(reached).toBe(false)
  })
})
