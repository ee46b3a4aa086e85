import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Answer, type HttpResponse, writeAnswer } from '../../src/http/write-answer.js'
import { send, sendRaw, serve } from './serve.js'

const ANSWER: Answer = { status: 403, headers: { 'x-why': 'no' }, body: '{"é":1}' }
const CLOSING: Answer = { ...ANSWER, headers: { 'x-why': 'no', Connection: 'Close' } }

describe('writeAnswer', () => {
  it('writes status, headers and body, not to be stored', async () => {
    const port = await serve((_req, res) => writeAnswer(res, ANSWER))
    const received = await send(port)
    expect(received).toMatchObject({ status: 403, body: '{"é":1}' })
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '8',
      'cache-control': 'no-store',
      'x-why': 'no',
    })
  })

  it('replaces what was said of another body', async () => {
    const port = await serve((_req, res) => {
      res.setHeader('Content-Encoding', 'gzip')
      res.setHeader('ETag', '"x"')
      res.setHeader('Content-Length', '999')
      res.setHeader('Vary', 'origin')
      writeAnswer(res, ANSWER)
    })
    const { headers, body } = await send(port)
    expect(body).toBe('{"é":1}')
    expect(headers).not.toHaveProperty('etag')
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers['vary']).toBe('origin')
  })

  it('says nothing of another body where it has none', async () => {
    const entity = {
      'content-encoding': 'gzip',
      'content-length': '999',
      'content-type': 'text/html',
      etag: '"x"',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'transfer-encoding': 'chunked',
    }
    for (const status of [204, 304]) {
      const port = await serve((_req, res) => {
        for (const [name, value] of Object.entries(entity)) res.setHeader(name, value)
        writeAnswer(res, { status, headers: {}, body: undefined })
      })
      const { headers } = await send(port)
      expect(Object.keys(headers).filter((name) => name in entity)).toEqual([])
    }
  })

  it('writes an answer without a body', async () => {
    const answers = [204, 202].map((status) => ({ status, headers: {}, body: undefined }))
    const port = await serve((_req, res) => writeAnswer(res, answers.shift() ?? ANSWER))
    const none = await send(port)
    expect(none).toMatchObject({ status: 204, body: '' })
    expect(none.headers).not.toHaveProperty('content-length')
    expect(none.headers).not.toHaveProperty('content-type')
    expect((await send(port)).headers['content-length']).toBe('0')
  })

  it('destroys a response whose head was sent, rather than add to it', async () => {
    const port = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': '100' })
      res.write('half')
      setTimeout(() => writeAnswer(res, ANSWER), 10)
    })
    await expect(send(port)).rejects.toThrow('aborted')
  })

  it('does nothing on a response that has ended or lost its peer', async () => {
    const port = await serve((_req, res) => {
      res.end('first')
      writeAnswer(res, ANSWER)
    })
    expect(await send(port)).toMatchObject({ status: 200, body: 'first' })
    const gone: string[] = []
    const other = await serve((_req, res) => {
      res.on('close', () => {
        writeAnswer(res, CLOSING)
        gone.push('survived')
      })
    })
    const socket = connect(other, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    setTimeout(() => socket.destroy(), 20)
    await expect.poll(() => gone).toEqual(['survived'])
  })

  it('closes an HTTP/1 connection when told', async () => {
    const port = await serve((_req, res) => writeAnswer(res, CLOSING))
    // sendRaw returns only once the server has closed.
    const answer = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(answer).toMatch(/Connection: close\r\n/i)
    expect(answer).toContain('{"é":1}')
  })

  it('D30 lets a peer that is still sending read the refusal', async () => {
    const received: number[] = []
    const port = await serve((req, res) => {
      res.on('close', () => received.push(req.socket.bytesRead))
      writeAnswer(res, CLOSING)
    })
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n')
    socket.write(Buffer.alloc(8_000_000))
    // It looks for an answer only after the server has had time to reset the connection.
    await new Promise((resolve) => setTimeout(resolve, 200))
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 403 .*{"é":1}$/s)
    await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
    expect(Math.max(...received)).toBeLessThan(2_000_000)
  })

  it('D30 ends with the request, though the application had paused it', async () => {
    // Only the end of the request can end this answer: the second it may last never comes.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const port = await serve((req, res) => {
      req.pause()
      writeAnswer(res, CLOSING)
    })
    const socket = connect(port, '127.0.0.1')
    const closed = once(socket, 'end')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n1234')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 403 .*{"é":1}$/s)
    socket.write('5678')
    await closed
  })

  async function serveHttp2(listener: (res: HttpResponse) => void): Promise<string> {
    const server = createHttp2Server((_req, res) => listener(res))
    server.listen(0)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return `http://localhost:${(server.address() as AddressInfo).port}`
  }

  it('ends an HTTP/2 session gracefully instead of sending the illegal header', async () => {
    const url = await serveHttp2((res) => writeAnswer(res, CLOSING))
    const session = connectHttp2(url)
    const stream = session.request({ ':path': '/', ':method': 'POST' })
    const closed = once(session, 'close')
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(403)
    expect(headers).not.toHaveProperty('connection')
    expect(await json(stream)).toEqual({ é: 1 })
    await closed
  })

  it('keeps an HTTP/2 session otherwise, and writes no body with a 204', async () => {
    const answers: Answer[] = [
      { ...ANSWER, headers: { 'x-why': 'close' } },
      { ...CLOSING, status: 413 },
      { status: 204, headers: {}, body: undefined },
    ]
    const url = await serveHttp2((res) => writeAnswer(res, answers.shift() ?? ANSWER))
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    for (const status of [403, 413, 204]) {
      const [headers] = await once(session.request({ ':path': '/' }).resume(), 'response')
      expect(headers[':status']).toBe(status)
    }
    expect(session.closed).toBe(false)
  })

  it('does nothing on an HTTP/2 stream whose peer left', async () => {
    const outcome: string[] = []
    const url = await serveHttp2((res) => {
      res.on('close', () => {
        writeAnswer(res, ANSWER)
        outcome.push('survived')
      })
    })
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' }).on('error', () => undefined)
    setTimeout(() => stream.close(8), 20)
    await expect.poll(() => outcome).toEqual(['survived'])
  })
})
