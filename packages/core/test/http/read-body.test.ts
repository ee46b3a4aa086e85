import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { json, text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RequestError } from '../../src/errors.js'
import type { HttpRequest } from '../../src/http/headers.js'
import { checkHostBody, readBody, restoreBody, takeHostBody } from '../../src/http/read-body.js'
import { send, sendRaw, serve } from './serve.js'

const LIMITS = { bodyBytes: 1024, depth: 64, uniqueKeys: false }
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"safe","name":"last"}}'
const JSON_TYPE = { 'content-type': 'application/json' }

/** A server that reads each body, lets `next` read it once more, and answers what both saw. */
function serveReader(
  next: (req: IncomingMessage) => unknown = () => 'ok',
  limits = LIMITS,
): Promise<number> {
  return serve(async (req, res) => {
    try {
      const body = await readBody(req, limits)
      restoreBody(req, body)
      // Others have work to do before they read.
      await new Promise((resolve) => setTimeout(resolve, 5))
      res.end(JSON.stringify(await next(req)))
    } catch (error) {
      const refusal = error instanceof RequestError ? error : undefined
      res.writeHead(refusal?.status ?? 500).end(String(refusal?.rpcCode ?? error))
    }
  })
}

describe('readBody', () => {
  it('D02 hands on the object it judged', async () => {
    const port = await serveReader((req) => Reflect.get(req, 'body'))
    const { body } = await send(port, { headers: JSON_TYPE, body: CALL })
    expect(JSON.parse(body)).toEqual(JSON.parse(CALL))
  })

  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json;',
    'application/json; charset=',
  ])('accepts content type %j', async (type) => {
    const port = await serveReader()
    const { status } = await send(port, { headers: { 'content-type': type }, body: CALL })
    expect(status).toBe(200)
  })

  it.each([
    undefined,
    '',
    'text/plain',
    'text/plain; a=application/json',
    'application/jsonx',
    'application/json-patch+json',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application/json; profile=x',
    'application/json, text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
  ])('D03 refuses content type %j', async (type) => {
    const port = await serveReader()
    const headers = type === undefined ? {} : { 'content-type': type }
    expect(await send(port, { headers, body: CALL })).toMatchObject({ status: 415, body: '-32600' })
  })

  it.each(['gzip', 'br', 'x-unknown', 'gzip, identity'])(
    'D04 refuses content encoding %s',
    async (encoding) => {
      const port = await serveReader()
      const headers = { ...JSON_TYPE, 'content-encoding': encoding }
      const { status } = await send(port, { headers, body: gzipSync(CALL) })
      expect(status).toBe(415)
    },
  )

  it('accepts the encoding identity, which is none', async () => {
    const port = await serveReader()
    const headers = { ...JSON_TYPE, 'content-encoding': 'Identity' }
    expect((await send(port, { headers, body: CALL })).status).toBe(200)
  })

  it('D31 refuses two content types', async () => {
    const port = await serveReader()
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n'
    const types = 'Content-Type: application/json\r\nContent-Type: text/plain\r\n'
    expect(await sendRaw(port, `${head}${types}\r\n{}`)).toMatch(/^HTTP\/1.1 400 /)
  })

  it('D30 refuses a body announced too large without waiting for it', async () => {
    const port = await serveReader()
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1025\r\n\r\n',
    )
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /)
  })

  it('D30 refuses a chunked body when it grows too large', async () => {
    const port = await serveReader()
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const chunk = `200\r\n${'x'.repeat(512)}\r\n`
    socket.write(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}${chunk}`,
    )
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /)
  })

  it('D30 accepts a body of exactly the bound', async () => {
    const port = await serveReader()
    const body = `["${'x'.repeat(1020)}"]`
    expect((await send(port, { headers: JSON_TYPE, body })).status).toBe(200)
    expect((await send(port, { headers: JSON_TYPE, body: `${body} ` })).status).toBe(413)
  })

  it('reads a character cut in two by a chunk', async () => {
    const port = await serveReader((req) => Reflect.get(req, 'body'))
    const bytes = Buffer.from('["é"]')
    const head =
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
    const socket = connect(port, '127.0.0.1')
    socket.write(head)
    for (const byte of bytes) {
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    socket.write('0\r\n\r\n')
    expect(await text(socket)).toContain('["é"]')
  })

  it('rejects when the client goes away in the middle', async () => {
    const outcomes: unknown[] = []
    const port = await serve(async (req) => {
      outcomes.push(await readBody(req, LIMITS).catch((error: unknown) => error))
    })
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a"',
    )
    setTimeout(() => socket.destroy(), 30)
    await vi.waitFor(
      () => expect(outcomes).toMatchObject([{ status: 400, rpcCode: -32600 }]),
      10_000,
    )
  })

  it('refuses an empty body', async () => {
    const port = await serveReader()
    expect(await send(port, { headers: JSON_TYPE })).toMatchObject({ status: 400, body: '-32700' })
  })

  it('D03 refuses a stream that somebody read before', async () => {
    const port = await serve(async (req, res) => {
      await text(req)
      const error = await readBody(req, LIMITS).catch((reason: unknown) => reason)
      res.end(String((error as RequestError).status))
    })
    expect((await send(port, { headers: JSON_TYPE, body: CALL })).body).toBe('415')
  })
})

describe('restoreBody', () => {
  const consumers: Record<string, (req: IncomingMessage) => Promise<string>> = {
    'for await': async (req) => {
      const chunks: Buffer[] = []
      for await (const chunk of req) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).toString()
    },
    'data events': (req) =>
      new Promise((resolve) => {
        let seen = ''
        req.on('data', (chunk: Buffer) => {
          seen += chunk.toString()
        })
        req.on('end', () => resolve(seen))
      }),
    'readable events': (req) =>
      new Promise((resolve) => {
        let seen = ''
        req.on('readable', () => {
          for (let chunk = req.read(); chunk !== null; chunk = req.read()) seen += String(chunk)
        })
        req.on('end', () => resolve(seen))
      }),
    consumers: (req) => text(req),
    rawBody: async (req) => String(Reflect.get(req, 'rawBody')),
  }

  it.each(Object.keys(consumers))('gives the raw bytes again to %s', async (name) => {
    const port = await serveReader(consumers[name])
    for (const body of [CALL, `[${'1,'.repeat(400)}1]`]) {
      expect(JSON.parse((await send(port, { headers: JSON_TYPE, body })).body)).toBe(body)
    }
  })

  it('gives them again where the body comes in many chunks', async () => {
    const port = await serveReader((req) => text(req), { ...LIMITS, bodyBytes: 4_000_000 })
    const body = JSON.stringify({ text: 'é'.repeat(1_000_000) })
    expect(JSON.parse((await send(port, { headers: JSON_TYPE, body })).body)).toBe(body)
  })

  it('gives the new text after the body was changed, with its length', async () => {
    const changed = { value: [1], raw: Buffer.from('[1]') }
    const port = await serveReader(async (req) => {
      restoreBody(req, changed)
      const at = req.rawHeaders.findIndex((name) => name.toLowerCase() === 'content-length')
      return [req.headers['content-length'], req.rawHeaders[at + 1], await json(req)]
    })
    const { body } = await send(port, {
      headers: { ...JSON_TYPE, 'content-length': `${CALL.length}` },
      body: CALL,
    })
    expect(JSON.parse(body)).toEqual(['3', '3', [1]])
  })

  it('leaves a request alone that was read to its end, or has gone, but for its body', async () => {
    const port = await serve(async (req, res) => {
      const body = await readBody(req, LIMITS)
      const errors: unknown[] = []
      req.on('error', (error) => errors.push(error))
      await text(req)
      restoreBody(req, { value: [1], raw: Buffer.from('[1]') })
      const length = req.headers['content-length']
      await new Promise((resolve) => setTimeout(resolve, 5))
      res.end(JSON.stringify([body.raw.length, length, Reflect.get(req, 'body'), errors]))
    })
    const { body } = await send(port, { headers: JSON_TYPE, body: CALL })
    expect(JSON.parse(body)).toEqual([CALL.length, `${CALL.length}`, [1], []])
  })

  it('keeps the connection usable when nobody reads the body again', async () => {
    const port = await serveReader()
    const one = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n`
    const answers = await sendRaw(port, `${one}\r\n{}${one}Connection: close\r\n\r\n{}`)
    expect(answers.match(/HTTP\/1.1 200 /g)).toHaveLength(2)
  })

  it('works on HTTP/2', async () => {
    const server = createHttp2Server(async (req, res) => {
      const body = await readBody(req, LIMITS)
      restoreBody(req, body)
      await new Promise((resolve) => setTimeout(resolve, 5))
      res.end(JSON.stringify([body.value, await text(req)]))
    })
    server.listen(0)
    await once(server, 'listening')
    const session = connectHttp2(`http://localhost:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const stream = session.request({ ':method': 'POST', ':path': '/', ...JSON_TYPE })
    stream.end('{"a":1}')
    expect(await json(stream)).toEqual([{ a: 1 }, '{"a":1}'])
  })
})

describe('takeHostBody', () => {
  /** Runs `host` on a request before the guard takes its body, and answers what it took. */
  async function take(
    host: (req: IncomingMessage) => unknown,
    type = 'application/json',
    limits = LIMITS,
  ): Promise<string> {
    const port = await serve(async (req, res) => {
      await host(req)
      try {
        const taken = takeHostBody(req, limits)
        res.end(taken === undefined ? 'read it' : String(taken === Reflect.get(req, 'body')))
      } catch (error) {
        res.end(String((error as RequestError).status))
      }
    })
    return (await send(port, { headers: { 'content-type': type }, body: CALL })).body
  }
  const parsed = (body: unknown) => async (req: HttpRequest) => {
    await text(req)
    Reflect.set(req, 'body', body)
  }

  it('takes the very object of a parser that ran before', async () => {
    expect(await take(parsed({ method: 'ping' }))).toBe('true')
    expect(await take(parsed([{ method: 'ping' }]))).toBe('true')
  })

  it('D03 leaves an unread stream to readBody, whatever body holds', async () => {
    expect(await take(() => undefined)).toBe('read it')
    expect(await take((req) => Reflect.set(req, 'body', {}))).toBe('read it')
  })

  it.each([
    ['a string', CALL],
    ['undefined', undefined],
    ['a Buffer', Buffer.from(CALL)],
    ['null', null],
    ['a Map', new Map()],
  ])('D03 refuses %s left by a parser', async (_what, body) => {
    expect(await take(parsed(body))).toBe('415')
  })

  it('D03 refuses an object parsed from another content type', async () => {
    expect(await take(parsed({}), 'text/plain; a=application/json')).toBe('415')
  })

  it('D02 refuses a host body where keys must be unique', async () => {
    expect(await take(parsed({}), 'application/json', { ...LIMITS, uniqueKeys: true })).toBe('415')
  })

  it.each([
    '{"Method":"x"}',
    '{"params":{"Name":"x"}}',
    '{"params":{"arguments":{"__proto__":{}}}}',
    '{"constructor":{}}',
    `${'['.repeat(65)}${']'.repeat(65)}`,
  ])('D02 D04 D30 applies the rules of a body read here: %s', (body) => {
    expect(() => checkHostBody(JSON.parse(body), 64)).toThrow(RequestError)
  })

  it('D30 allows a host body exactly the depth it is told, objects and arrays alike', () => {
    for (const body of ['[[1]]', '{"a":{"b":1}}', '[{"a":1},{"b":1}]']) {
      expect(checkHostBody(JSON.parse(body), 2)).toEqual(JSON.parse(body))
      expect(() => checkHostBody(JSON.parse(body), 1)).toThrow('nests too deeply')
    }
  })

  it('D30 refuses a host body nested 100,000 deep without running out of stack', () => {
    let body: unknown = []
    for (let depth = 0; depth < 100_000; depth += 1) body = [body]
    expect(() => checkHostBody(body, 64)).toThrow('nests too deeply')
  })
})
