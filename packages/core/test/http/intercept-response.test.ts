import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Interception, interceptResponse } from '../../src/http/intercept-response.js'
import type { ResponseHandlers } from '../../src/http/interception.js'
import { type Received, send, serve } from './serve.js'

interface Message {
  readonly error?: unknown
  readonly result?: { readonly tools?: readonly { readonly name: string }[] }
}

/** A small stand-in for the message filter: hides the tool `secret` and refuses two-faced messages. */
function rewrite(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(rewrite)
  const { result, error } = message as Message
  if (result?.tools === undefined) return message
  if (error !== undefined) throw new Error('two-faced')
  return {
    ...(message as object),
    result: { ...result, tools: result.tools.filter((tool) => tool.name !== 'secret') },
  }
}

const HANDLERS: ResponseHandlers = {
  rewrite,
  mayHoldList: (json) => json.includes('"tools"'),
  failure: () => ({ status: 500, headers: {}, body: '{"failed":true}' }),
  onUnfilterable: () => 'data: {"gone":true}\n\n',
}

const LIST = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"é"},{"name":"secret"}]}}'
const FILTERED = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"é"}]}}'
const JSON_TYPE = { 'content-type': 'application/json' }
const SSE_TYPE = { 'content-type': 'text/event-stream' }

type App = (res: ServerResponse, interception: Interception, req: IncomingMessage) => unknown

async function answerOf(
  app: App,
  handlers: Partial<ResponseHandlers> = {},
  method = 'POST',
): Promise<Received> {
  const port = await serve((req, res) =>
    app(res, interceptResponse(res, { ...HANDLERS, ...handlers }), req),
  )
  return send(port, { method })
}

const FAILED = { status: 500, body: '{"failed":true}' }

describe('interceptResponse, JSON', () => {
  const writers: Record<string, App> = {
    'writeHead with an object, then write and end': (res) => {
      res.writeHead(200, JSON_TYPE)
      res.write(Buffer.from(LIST))
      res.end()
    },
    'writeHead with a reason': (res) => res.writeHead(200, 'Fine', JSON_TYPE).end(LIST),
    'writeHead with a flat list': (res) => {
      res.writeHead(200, ['Content-Type', 'application/json', 'X-A', '1', 'X-A', '2']).end(LIST)
    },
    'writeHead with pairs': (res) => {
      Reflect.apply(res.writeHead, res, [200, [['Content-Type', 'application/json']]])
      res.end(LIST)
    },
    'writeHead without headers': (res) => {
      res.setHeader('Content-Type', 'application/json')
      res.writeHead(200)
      res.end(LIST)
    },
    'an implicit head': (res) => {
      res.statusCode = 200
      res.setHeader('Content-Type', 'application/json; charset=utf-8')
      res.end(LIST)
    },
    'flushHeaders first': (res) => {
      res.setHeader('content-type', 'application/json')
      res.flushHeaders()
      res.end(LIST)
    },
    'chunks that cut a character': (res) => {
      res.writeHead(200, JSON_TYPE)
      for (const byte of Buffer.from(LIST)) res.write(Uint8Array.of(byte))
      res.end()
    },
    'a Uint8Array that is used again': (res) => {
      const bytes = Uint8Array.from(Buffer.from(LIST))
      res.writeHead(200, JSON_TYPE)
      res.write(bytes, () => {
        bytes.fill(0x20)
        res.end()
      })
    },
    'other encodings': (res) => {
      res.writeHead(200, JSON_TYPE)
      res.write(Buffer.from(LIST.slice(0, 20)).toString('base64'), 'base64')
      res.end(Buffer.from(LIST.slice(20)).toString('hex'), 'hex')
    },
    'a pipe': (res) => {
      res.writeHead(200, JSON_TYPE)
      Readable.from([LIST.slice(0, 30), LIST.slice(30)]).pipe(res)
    },
    'a pipeline': async (res) => {
      res.writeHead(200, JSON_TYPE)
      await pipeline(Readable.from([Buffer.from(LIST)]), new PassThrough(), res)
    },
    'no content type at all': (res) => res.end(LIST),
    'plain text': (res) => res.writeHead(200, { 'content-type': 'text/plain' }).end(LIST),
    'a vendor type': (res) =>
      res.writeHead(200, { 'content-type': 'application/vnd.x+json' }).end(LIST),
    'capitals and spaces': (res) => {
      res.writeHead(200, { 'content-type': ' APPLICATION/JSON ; Charset="UTF-8"' }).end(LIST)
    },
    'the type hidden in a parameter': (res) => {
      res.writeHead(200, { 'content-type': 'text/html; a=application/json' }).end(LIST)
    },
    'Express re-entering setHeader': (res) => {
      res.setHeader('X-Powered-By', 'Express')
      res.writeHead(200, JSON_TYPE).end(LIST)
    },
    'an end that calls write': (res) => {
      // As light-my-request ends.
      res.writeHead(200, JSON_TYPE)
      res.end(LIST, 'utf8')
    },
  }

  it.each(Object.keys(writers))('D19 filters an answer written by %s', async (name) => {
    const received = await answerOf(writers[name] ?? (() => undefined))
    expect(received).toMatchObject({ status: 200, body: FILTERED })
    expect(received.headers['content-length']).toBe(String(Buffer.byteLength(FILTERED)))
  })

  it('D19 filters where the original end writes through the response again', async () => {
    const port = await serve((_req, res) => {
      const { end } = res
      Object.assign(res, {
        end: (chunk: Buffer) => {
          res.write(chunk)
          return Reflect.apply(end, res, [])
        },
      })
      interceptResponse(res, HANDLERS)
      res.writeHead(200, JSON_TYPE).end(LIST)
    })
    expect((await send(port)).body).toBe(FILTERED)
  })

  it('D19 filters under a second interceptor too', async () => {
    const received = await answerOf((res) => {
      interceptResponse(res, { ...HANDLERS, rewrite: (message) => message })
      res.writeHead(200, JSON_TYPE).end(LIST)
    })
    expect(received.body).toBe(FILTERED)
  })

  it('D19 hands a batch of answers to the filter as it is', async () => {
    const received = await answerOf((res) => res.writeHead(200, JSON_TYPE).end(`[${LIST}]`))
    expect(received.body).toBe(`[${FILTERED}]`)
  })

  it('keeps reason, headers and repeated headers', async () => {
    const received = await answerOf((res) => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2'])
      res.setHeader('X-Early', '1')
      res
        .writeHead(201, 'Made', ['content-type', 'application/json', 'vary', 'a', 'vary', 'b'])
        .end('{}')
    })
    expect(received).toMatchObject({ status: 201, statusMessage: 'Made', body: '{}' })
    expect(received.headers).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
      'x-early': '1',
      vary: 'a, b',
    })
  })

  it('keeps both values of a header that is given in two spellings', async () => {
    const headers = { ...JSON_TYPE, 'X-A': '1', 'x-a': 2, 'x-b': ['3', '4'] }
    const received = await answerOf((res) => res.writeHead(200, headers).end('{}'))
    expect(received.headers).toMatchObject({ 'x-a': '1, 2', 'x-b': '3, 4' })
    const cookies = { 'Set-Cookie': ['a=1'], 'set-cookie': ['b=2'] }
    const lists = await answerOf((res) => res.writeHead(202, cookies).end())
    expect(lists.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  it('forwards an answer without a list byte for byte, unparsed', async () => {
    const body = '{"n":12345678901234567890, "n":1.0 } '
    const parsed: unknown[] = []
    const received = await answerOf(
      (res) => res.writeHead(200, { ...JSON_TYPE, etag: '"e"' }).end(body),
      { rewrite: (message) => parsed.push(message) },
    )
    expect(received.body).toBe(body)
    expect(received.headers['etag']).toBe('"e"')
    expect(parsed).toEqual([])
  })

  it('drops what was true of the original bytes only', async () => {
    const names = ['etag', 'content-digest', 'content-md5', 'digest', 'repr-digest']
    const of = Object.fromEntries(names.map((name) => [name, '"x"']))
    const write = (body: string) =>
      answerOf((res) => res.writeHead(200, { ...JSON_TYPE, ...of }).end(body))
    const { headers } = await write(LIST)
    expect(names.filter((name) => name in headers)).toEqual([])
    expect((await write('{}')).headers).toMatchObject(of)
  })

  it.each([1, 77, 100_000])('D19 ContentLengthMismatch: ignores a length of %d', async (length) => {
    const headers = { ...JSON_TYPE, 'content-length': length }
    const list = await answerOf((res) => res.writeHead(200, headers).end(LIST))
    expect(list.body).toBe(FILTERED)
    const other = await answerOf((res) => res.writeHead(200, headers).end('{"id":1}'))
    expect(other.body).toBe('{"id":1}')
  })

  it('D19 JSON_LeadingBOMBypass: filters behind a byte order mark', async () => {
    const one = await answerOf((res) => res.writeHead(200, JSON_TYPE).end(`\ufeff${LIST}`))
    expect(one.body).toBe(FILTERED)
    const two = await answerOf((res) => res.writeHead(200, JSON_TYPE).end(`\ufeff\ufeff${LIST}`))
    expect(two).toMatchObject(FAILED)
  })

  it('D19 Non2xxStatusPreserved: filters and keeps the status', async () => {
    for (const status of [201, 400, 404, 500]) {
      const received = await answerOf((res) => res.writeHead(status, JSON_TYPE).end(LIST))
      expect(received).toMatchObject({ status, body: FILTERED })
    }
    const plain = await answerOf((res) => res.writeHead(404, JSON_TYPE).end('not found'))
    expect(plain).toMatchObject({ status: 404, body: 'not found' })
  })

  const unfilterable: Record<string, App> = {
    'broken JSON': (res) => res.writeHead(200, JSON_TYPE).end(`${LIST}}`),
    'two JSON texts': (res) => res.writeHead(200, JSON_TYPE).end(`{}${LIST}`),
    gzip: (res) => {
      res.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(gzipSync(LIST))
    },
    'a coded transfer': (res) => {
      res.setHeader('transfer-encoding', 'gzip, chunked')
      res.writeHead(200, JSON_TYPE).end(LIST)
    },
    'UTF-16': (res) => res.writeHead(200, JSON_TYPE).end(Buffer.from(LIST, 'utf16le')),
    'a charset that is not UTF-8': (res) => {
      res.writeHead(200, { 'content-type': 'application/json; charset=utf-7' }).end(LIST)
    },
    'broken UTF-8': (res) => {
      res.writeHead(200, JSON_TYPE).end(Buffer.concat([Buffer.from(LIST), Buffer.of(0xff)]))
    },
    'broken UTF-8 inside a string': (res) => {
      const [start, rest] = LIST.split('é')
      const bytes = [Buffer.from(start ?? ''), Buffer.of(0xff), Buffer.from(rest ?? '')]
      res.writeHead(200, JSON_TYPE).end(Buffer.concat(bytes))
    },
    'two media types': (res) => {
      res.writeHead(200, { 'content-type': 'application/json, text/event-stream' }).end(LIST)
    },
    'error beside result (SSE_ErrorAndResultBypass)': (res) => {
      res.writeHead(200, JSON_TYPE).end('{"error":{},"result":{"tools":[{"name":"secret"}]}}')
    },
  }

  it.each(Object.keys(unfilterable))('D19 fails closed on %s', async (name) => {
    const received = await answerOf(unfilterable[name] ?? (() => undefined))
    expect(received).toMatchObject(FAILED)
    expect(received.headers['content-type']).toBe('application/json')
    expect(received.headers).not.toHaveProperty('content-encoding')
  })

  it('fails closed where nothing is left of an answer, and on more than it may hold', async () => {
    const app: App = (res) =>
      res.writeHead(200, { ...JSON_TYPE, 'mcp-session-id': 'raw' }).end(LIST)
    const dropped = await answerOf(app, { rewrite: () => undefined })
    expect(dropped).toMatchObject(FAILED)
    expect(dropped.headers).not.toHaveProperty('mcp-session-id')
    expect(await answerOf(app, { maxHeld: 20 })).toMatchObject(FAILED)
  })

  it('swallows what comes after the failure, callbacks honoured', async () => {
    const called: string[] = []
    const received = await answerOf(async (res) => {
      res.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
      res.write('secret', () => called.push('write'))
      res.writeHead(200)
      res.end('secret', () => called.push('end'))
    })
    expect(received).toMatchObject(FAILED)
    await expect.poll(() => called).toEqual(['write', 'end'])
  })

  it('destroys the response where even the failure fails', async () => {
    const failure = (): never => {
      throw new Error('no')
    }
    const app: App = (res) => res.writeHead(200, JSON_TYPE).end(`${LIST}}`)
    await expect(answerOf(app, { failure })).rejects.toThrow('socket hang up')
  })

  it('says that the head is sent once it is, and refuses a second one', async () => {
    const seen: unknown[] = []
    const received = await answerOf((res) => {
      seen.push(res.headersSent)
      res.writeHead(200, JSON_TYPE)
      seen.push(res.headersSent)
      expect(() => res.writeHead(500)).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
      )
      res.end(LIST)
      seen.push(res.headersSent, res.writableEnded)
    })
    expect(received).toMatchObject({ status: 200, body: FILTERED })
    expect(seen).toEqual([false, true, true, true])
  })

  it('D19 lets no encoding be said after the head, as Node does not, and filters', async () => {
    const received = await answerOf((res) => {
      res.writeHead(200, JSON_TYPE)
      for (const late of [
        () => res.setHeader('content-encoding', 'br'),
        () => res.removeHeader('content-type'),
        () => res.appendHeader('content-encoding', 'br'),
      ]) {
        expect(late).toThrow(expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }))
      }
      res.end(LIST)
    })
    expect(received).toMatchObject({ status: 200, body: FILTERED })
    expect(received.headers).not.toHaveProperty('content-encoding')
  })

  it('throws to the app what Node throws, leaving it able to answer', async () => {
    const received = await answerOf((res) => {
      expect(() => res.writeHead(99)).toThrow(RangeError)
      expect(() => res.writeHead(200, { 'x-a': 'b\nc' })).toThrow('Invalid character')
      expect(() => res.writeHead(200, { 'x-a': undefined })).toThrow(TypeError)
      expect(() => res.writeHead(200, ['odd'])).toThrow(TypeError)
      res.writeHead(200, JSON_TYPE)
      expect(() => Reflect.apply(res.write, res, [{ tools: [] }])).toThrow(TypeError)
      res.end(LIST)
    })
    expect(received.body).toBe(FILTERED)
  })

  it('calls every callback', async () => {
    const called: string[] = []
    await answerOf((res) => {
      res.writeHead(200, JSON_TYPE)
      expect(res.write(LIST.slice(0, 9), () => called.push('write'))).toBe(true)
      expect(res.write(LIST.slice(9, 20), 'utf8', () => called.push('write'))).toBe(true)
      res.on('finish', () => called.push('finish'))
      res.end(LIST.slice(20), () => called.push('end'))
    })
    await expect.poll(() => [...called].sort()).toEqual(['end', 'finish', 'write', 'write'])
  })

  it.each([202, 204, 205, 304])('passes an empty %d', async (status) => {
    expect(await answerOf((res) => res.writeHead(status, {}).end())).toMatchObject({
      status,
      body: '',
    })
  })

  it('D19 filters a 205, of which Node sends the body over HTTP/1', async () => {
    const received = await answerOf((res) => res.writeHead(205, JSON_TYPE).end(LIST))
    expect(received).toMatchObject({ status: 205, body: FILTERED })
  })

  it('passes the head of a HEAD request', async () => {
    const app: App = (res) => res.writeHead(200, { ...JSON_TYPE, 'content-length': 5 }).end()
    const received = await answerOf(app, {}, 'HEAD')
    expect(received.headers['content-length']).toBe('5')
  })

  it.each(['image/png', ' Video/MP4 ; codecs="avc1.42E01E, mp4a.40.2"', 'application/pdf'])(
    'passes %s, encoded or not, as it is',
    async (type) => {
      const headers = { 'content-type': type, 'content-encoding': 'x', etag: '"e"' }
      const bytes = { ...headers, 'content-range': 'bytes 0-3/9' }
      const received = await answerOf((res) => res.writeHead(206, bytes).end('\0"tools"'))
      expect(received).toMatchObject({ status: 206, body: '\0"tools"' })
      expect(received.headers).toMatchObject({ ...headers, 'content-type': type.trim() })
    },
  )

  it('tells of a full buffer on types that pass too, and calls back once', async () => {
    const seen: unknown[] = []
    await answerOf((res) => {
      res.writeHead(200, { 'content-type': 'image/png' })
      seen.push(res.write('x'.repeat(10_000_000), () => seen.push('called')))
      res.once('drain', () => res.end(() => seen.push('ended')))
    })
    await expect.poll(() => seen).toContain('ended')
    expect(seen).toEqual([false, 'called', 'ended'])
  })

  it('shows the head to onHead, which may change it', async () => {
    const received = await answerOf(
      (res) => {
        res.setHeader('X-Drop', '1')
        res.writeHead(200, { ...JSON_TYPE, 'Mcp-Session-Id': 'raw' }).end('{}')
      },
      {
        onHead: (head) => {
          expect(head.status).toBe(200)
          expect(head.get('nothing')).toBeUndefined()
          head.set('mcp-session-id', `${head.get('mcp-session-id')}.sealed`)
          head.remove('x-drop')
        },
      },
    )
    expect(received.headers['mcp-session-id']).toBe('raw.sealed')
    expect(received.headers).not.toHaveProperty('x-drop')
  })

  it('fails closed where onHead throws', async () => {
    const onHead = (): never => {
      throw new Error('no')
    }
    for (const type of ['application/json', 'text/event-stream', 'text/html', 'image/png']) {
      const app: App = (res) => res.writeHead(200, { 'content-type': type }).end('{}')
      expect(await answerOf(app, { onHead })).toMatchObject(FAILED)
    }
  })

  it('fails on request, before the head and while JSON is held', async () => {
    expect(await answerOf((_res, interception) => interception.fail())).toMatchObject(FAILED)
    const held = await answerOf((res, interception) => {
      res.writeHead(200, JSON_TYPE)
      res.write(LIST)
      interception.fail()
      interception.fail()
      res.end()
    })
    expect(held).toMatchObject(FAILED)
  })

  it.each(['image/png', 'text/html', 'text/event-stream'])(
    'sends the head of %s when it is written, with its reason',
    async (type) => {
      const seen: boolean[] = []
      const received = await answerOf((res) => {
        res.writeHead(202, 'Fine', { 'content-type': type })
        seen.push(res.headersSent)
        res.end()
      })
      expect(received).toMatchObject({ status: 202, statusMessage: 'Fine' })
      expect(seen).toEqual([true])
    },
  )

  it('leaves an answer that has ended alone', async () => {
    const received = await answerOf((res, interception) => {
      res.writeHead(200, JSON_TYPE).end(LIST)
      interception.fail()
    })
    expect(received).toMatchObject({ status: 200, body: FILTERED })
  })

  it('destroys another answer on its way when it has to fail', async () => {
    const app: App = (res, interception) => {
      res.writeHead(200, { 'content-type': 'image/png' })
      res.write('<p>')
      setTimeout(() => interception.fail(), 10)
    }
    const failure = vi.fn(HANDLERS.failure)
    await expect(answerOf(app, { failure })).rejects.toThrow('aborted')
    expect(failure).not.toHaveBeenCalled()
  })
})

describe('interceptResponse, other types', () => {
  const typed = (type: string, body: string | Buffer, status = 200): Promise<Received> =>
    answerOf((res) => res.writeHead(status, { 'content-type': type }).end(body))

  const carriers = [
    'text/html; charset=utf-8',
    'text/html; charset=ISO-8859-1',
    'text/javascript',
    'application/octet-stream; charset=binary',
    'application/xml',
    'application/x-unheard-of',
    'image/svg+xml',
    'image/png; type=application/json',
    'image/png, text/html',
    'multipart/mixed; boundary=a',
    'nonsense',
  ]

  it.each(carriers)('D19 filters a list that is sent as %s', async (type) => {
    for (const body of [LIST.replace('é', 'e'), Buffer.from(LIST.replace('é', 'e'))]) {
      const received = await typed(type, body)
      expect(received).toMatchObject({ status: 200, body: FILTERED.replace('é', 'e') })
      expect(received.headers['content-type']).toBe(type)
    }
  })

  const hidden: Record<string, [type: string, body: string | Buffer]> = {
    'a call of JavaScript': ['text/javascript', `f(${LIST})`],
    'a page': ['text/html', `<pre>${LIST}</pre>`],
    events: ['text/plain', `data: ${LIST}\n\n`],
    'a part of many': ['multipart/mixed; boundary=a', `--a\r\n\r\n${LIST}\r\n--a--`],
    'UTF-16': ['application/octet-stream', Buffer.from(LIST, 'utf16le')],
    'big-endian UTF-16': ['text/html', Buffer.from(LIST, 'utf16le').swap16()],
    'UTF-32': ['text/html', Buffer.from([...LIST].join('\0\0\0'))],
    'text with a NUL': ['text/html', `\0${LIST}`],
    'another charset': ['text/html; charset=utf-7', LIST],
    'Latin-1': ['text/html; charset=iso-8859-1', Buffer.from(LIST, 'latin1')],
  }

  it.each(Object.keys(hidden))('D19 fails closed on a list inside %s', async (name) => {
    const [type, body] = hidden[name] ?? ['', '']
    expect(await typed(type, body)).toMatchObject(FAILED)
  })

  it.each(['text/html', 'application/octet-stream', 'application/json', 'text/event-stream'])(
    'D19 fails closed on an encoded %s, and on a part of one, of which nobody can tell what it is',
    async (type) => {
      const headers = { 'content-type': type, 'content-encoding': 'gzip' }
      const zipped = await answerOf((res) => res.writeHead(200, headers).end(gzipSync(LIST)))
      expect(zipped).toMatchObject(FAILED)
      expect(await typed(type, LIST.slice(LIST.indexOf('secret')), 206)).toMatchObject(FAILED)
    },
  )

  it('forwards a page and a file without a list byte for byte', async () => {
    const page = '<!doctype html><script>const tools = {"a": 1}</script>'
    const headers = { 'content-type': 'text/html; charset=utf-8', etag: '"e"' }
    const html = await answerOf((res) => res.writeHead(404, headers).end(page))
    expect(html).toMatchObject({ status: 404, body: page })
    expect(html.headers).toMatchObject(headers)
    const file = Buffer.concat([Buffer.from([0, 0xff, 0xfe, 0]), Buffer.from('\0{"a":\0')])
    const sent = { 'content-type': 'application/octet-stream', 'content-length': file.length }
    const port = await serve((_req, res) => {
      interceptResponse(res, HANDLERS)
      Readable.from([file.subarray(0, 3), file.subarray(3)]).pipe(res.writeHead(200, sent))
    })
    const received = await fetch(`http://127.0.0.1:${port}`)
    expect(Buffer.from(await received.arrayBuffer())).toEqual(file)
  })

  it('forwards a large download up to what may be held, and fails beyond', async () => {
    const chunk = Buffer.alloc(64 * 1024, 0x78)
    const app: App = (res) => {
      res.setHeader('content-type', 'application/octet-stream')
      Readable.from(Array.from({ length: 128 }, () => chunk)).pipe(res)
    }
    expect((await answerOf(app)).body).toHaveLength(128 * chunk.length)
    expect(await answerOf(app, { maxHeld: 127 * chunk.length })).toMatchObject(FAILED)
  })

  it('D19 filters although something changes the method of the request to HEAD', async () => {
    const received = await answerOf((res, _interception, req) => {
      req.method = 'HEAD'
      res.writeHead(200, JSON_TYPE).end(LIST)
    })
    expect(received).toMatchObject({ status: 200, body: FILTERED })
  })

  it('passes the head of a HEAD request that something calls a GET', async () => {
    const app: App = (res, _interception, req) => {
      req.method = 'GET'
      res.writeHead(200, { ...JSON_TYPE, 'content-length': 5 }).end()
    }
    expect((await answerOf(app, {}, 'HEAD')).headers['content-length']).toBe('5')
  })
})

describe('interceptResponse, events', () => {
  const EVENT = `event: message\nid: 1\ndata: ${LIST}\n\n`
  const CLEAN = `event: message\nid: 1\ndata: ${FILTERED}\n\n`

  it('D19 filters events, and drops a length and an etag', async () => {
    const headers = { ...SSE_TYPE, 'content-length': Buffer.byteLength(EVENT), etag: '"e"' }
    const received = await answerOf((res) => {
      res.writeHead(200, headers)
      res.write(Buffer.from(EVENT))
      res.end()
    })
    expect(received).toMatchObject({ status: 200, body: CLEAN })
    expect(received.headers).not.toHaveProperty('content-length')
    expect(received.headers).not.toHaveProperty('etag')
  })

  it('D19 filters events cut at every byte, the last one given to end', async () => {
    const received = await answerOf((res) => {
      res.setHeader('Content-Type', 'Text/Event-Stream; charset=utf-8')
      for (const byte of Buffer.from(EVENT)) res.write(Uint8Array.of(byte))
      res.end(EVENT)
    })
    expect(received.body).toBe(CLEAN + CLEAN)
  })

  it('delivers the head and each event at once', async () => {
    let next = (): void => undefined
    const port = await serve((_req, res) => {
      interceptResponse(res, HANDLERS)
      res.writeHead(200, SSE_TYPE)
      res.flushHeaders()
      next = () => void res.write(EVENT)
      res.on('close', () => res.end())
    })
    const response = await fetch(`http://127.0.0.1:${port}`)
    next()
    const reader = response.body?.getReader()
    const chunk = await reader?.read()
    expect(Buffer.from(chunk?.value ?? []).toString()).toBe(CLEAN)
    await reader?.cancel()
  })

  it('calls callbacks and tells of a full buffer, whether or not a write gives output', async () => {
    const seen: unknown[] = []
    await answerOf((res) => {
      res.writeHead(200, SSE_TYPE)
      const big = JSON.stringify({ id: 1, text: 'x'.repeat(1_000_000) })
      seen.push(res.write('data: {"id":1}', () => seen.push('called')))
      seen.push(res.write(`\n\ndata: ${big}\n\n`))
      seen.push(res.write('data: 1'))
      res.once('drain', () => {
        seen.push('drain')
        res.end(() => seen.push('ended'))
      })
    })
    await expect.poll(() => seen).toContain('ended')
    expect(seen.filter((entry) => entry !== 'called')).toEqual([
      true,
      false,
      false,
      'drain',
      'ended',
    ])
    expect(seen).toContain('called')
  })

  it('D19 FailClosedDoesNotLeakSubsequentEvents: ends the stream at the first unfilterable event', async () => {
    const called: string[] = []
    const received = await answerOf((res) => {
      res.writeHead(200, SSE_TYPE)
      res.write('data: {"id":1}\n\n')
      res.write(`data: {"id":2}${LIST}\n\n${EVENT}`, () => called.push('last'))
      res.write(EVENT, () => called.push('swallowed'))
      res.end(EVENT)
    })
    expect(received.body).toBe('data: {"id":1}\n\ndata: {"gone":true}\n\n')
    await expect.poll(() => called.length).toBe(2)
  })

  it('ends a stream that has failed once, whatever the app goes on to write', async () => {
    const ends: unknown[] = []
    const port = await serve((_req, res) => {
      const { end } = res
      Object.assign(res, {
        end: (...args: readonly unknown[]) => Reflect.apply(end, res, [void ends.push(args)]),
      })
      interceptResponse(res, HANDLERS)
      res.writeHead(200, SSE_TYPE)
      for (let index = 0; index < 3; index += 1) res.write('data: x\n\n')
      res.end(EVENT)
    })
    expect((await send(port)).body).toBe('data: {"gone":true}\n\n')
    expect(ends).toHaveLength(1)
  })

  it('D19 fails closed where the event given to end cannot be filtered', async () => {
    const received = await answerOf((res) =>
      res.writeHead(200, SSE_TYPE).end(`data: x\n\n${EVENT}`),
    )
    expect(received.body).toBe('data: {"gone":true}\n\n')
  })

  it('D19 answers an encoded stream with the failure', async () => {
    const headers = { ...SSE_TYPE, 'content-encoding': 'gzip' }
    const received = await answerOf((res) => res.writeHead(200, headers).end(gzipSync(EVENT)))
    expect(received).toMatchObject(FAILED)
  })

  it('ends with the last events on request', async () => {
    const received = await answerOf((res, interception) => {
      res.writeHead(200, SSE_TYPE)
      res.write('data: {"id":1}\n\ndata: {"id":')
      interception.fail()
      res.write('2}\n\n')
      res.end()
    })
    expect(received.body).toBe('data: {"id":1}\n\ndata: {"gone":true}\n\n')
  })

  it('rewrites the URL of an endpoint event', async () => {
    const received = await answerOf(
      (res) => res.writeHead(200, SSE_TYPE).end('event: endpoint\ndata: /m?s=1\n\n'),
      { endpoint: (url) => `${url}.sealed` },
    )
    expect(received.body).toBe('event: endpoint\ndata: /m?s=1.sealed\n\n')
  })
})

describe('interceptResponse on HTTP/2', () => {
  async function answerOverHttp2(
    app: (res: Http2ServerResponse, interception: Interception) => void,
  ): Promise<{ status: unknown; body: string; length: unknown }> {
    const server = createHttp2Server((_req, res) => app(res, interceptResponse(res, HANDLERS)))
    server.listen(0)
    await once(server, 'listening')
    const session = connectHttp2(`http://localhost:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const stream = session.request({ ':path': '/', ':method': 'POST' }, { endStream: true })
    const [headers] = await once(stream, 'response')
    return {
      status: headers[':status'],
      length: headers['content-length'],
      body: await text(stream),
    }
  }

  it('D19 filters JSON', async () => {
    const explicit = await answerOverHttp2((res) => {
      res.writeHead(200, { ...JSON_TYPE, 'content-length': 99 })
      res.write(Buffer.from(LIST))
      res.end()
    })
    const length = String(Buffer.byteLength(FILTERED))
    expect(explicit).toEqual({ status: 200, body: FILTERED, length })
    const implicit = await answerOverHttp2((res) => {
      res.setHeader('content-type', 'application/json')
      res.end(LIST)
    })
    expect(implicit).toEqual({ status: 200, body: FILTERED, length })
  })

  it('D19 filters events', async () => {
    const received = await answerOverHttp2((res) => {
      res.writeHead(200, { ...SSE_TYPE, 'content-length': 99 })
      Reflect.apply(Reflect.get(res, 'flushHeaders') as () => void, res, [])
      res.write(`data: ${LIST}\n\n`)
      res.end()
    })
    expect(received).toEqual({ status: 200, body: `data: ${FILTERED}\n\n`, length: undefined })
  })

  it('D19 fails closed', async () => {
    const json = await answerOverHttp2((res) => res.writeHead(200, JSON_TYPE).end(`${LIST}}`))
    expect(json).toMatchObject(FAILED)
    const late = await answerOverHttp2((res) => {
      res.writeHead(200, JSON_TYPE)
      res.setHeader('content-encoding', 'br')
      res.end(LIST)
    })
    expect(late).toMatchObject(FAILED)
    const events = await answerOverHttp2((res, interception) => {
      res.writeHead(200, SSE_TYPE)
      interception.fail()
    })
    expect(events.body).toBe('data: {"gone":true}\n\n')
  })

  it('D19 filters whatever type is said, and holds every method for what it was on arrival', async () => {
    const page = await answerOverHttp2((res) => {
      Object.assign(res.req, { method: 'HEAD' })
      res.writeHead(200, { 'content-type': 'text/html' }).end(LIST)
    })
    expect(page).toMatchObject({ status: 200, body: FILTERED })
  })

  it('passes an answer without a body', async () => {
    expect(await answerOverHttp2((res) => res.writeHead(202).end())).toMatchObject({
      status: 202,
      body: '',
    })
    expect(await answerOverHttp2((res) => res.writeHead(204).end())).toMatchObject({
      status: 204,
      body: '',
    })
    expect(await answerOverHttp2((res) => res.writeHead(205).end())).toMatchObject({
      status: 205,
      body: '',
    })
  })
})
