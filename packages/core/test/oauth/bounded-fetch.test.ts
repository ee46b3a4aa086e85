import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createBoundedFetch, isHttpsUrl } from '../../src/oauth/bounded-fetch.js'
import { startServer } from './authorization-server.js'

const away = expect.objectContaining({ code: 'ERR_MTLS_REQUEST', status: 503, rpcCode: -32603 })
const megabyte = 1_048_576

afterEach(() => {
  vi.useRealTimers()
})

async function start(answer: unknown) {
  const server = await startServer()
  server.routes.set('/document', answer)
  const { ask, close } = createBoundedFetch(server.fetch)
  return { ...server, close, ask: () => ask(`${server.origin}/document`) }
}

function document(bytes: number): string {
  return `{"a":"${'x'.repeat(bytes - 8)}"}`
}

describe('createBoundedFetch', () => {
  it('reads a document over TLS', async () => {
    const { ask } = await start({ issuer: 'a' })
    await expect(ask()).resolves.toEqual({ status: 200, document: { issuer: 'a' } })
  })

  it('posts a form', async () => {
    const { asked, fetch, origin } = await start({})
    const { ask } = createBoundedFetch(fetch)
    await ask(`${origin}/document`, {
      form: new URLSearchParams({ token: 'a+b c&d' }),
      headers: { authorization: 'Basic YQ==' },
    })
    expect(asked[0]?.form.get('token')).toBe('a+b c&d')
    expect(asked[0]?.authorization).toBe('Basic YQ==')
  })

  it.each([
    ['not JSON', 'text'],
    ['no object', '[]'],
    ['a key given twice', '{"issuer":"a","issuer":"b"}'],
  ])('reads no document that is %s', async (_, text) => {
    const { ask } = await start((__: unknown, res: ServerResponse) => res.end(text))
    await expect(ask()).resolves.toEqual({ status: 200, document: undefined })
  })

  it.each([301, 302, 303, 307, 308])('C08 does not follow the redirect %i', async (status) => {
    const { ask, asked, origin, routes } = await start((_: unknown, res: ServerResponse) =>
      res.writeHead(status, { location: `${origin}/elsewhere` }).end('{"issuer":"a"}'),
    )
    routes.set('/elsewhere', { issuer: 'b' })
    await expect(ask()).resolves.toEqual({ status, document: undefined })
    expect(asked.map(({ path }) => path)).toEqual(['/document'])
  })

  it('C08 takes nothing from a fetch that has followed a redirect by itself', async () => {
    const response = new Response('{}')
    Object.defineProperty(response, 'redirected', { value: true })
    const { ask } = createBoundedFetch(async () => response)
    await expect(ask('https://as.acme.test/')).rejects.toEqual(away)
  })

  it.each([201, 204, 304, 400, 401, 404, 500])(
    'reads no document with status %i',
    async (status) => {
      const { ask } = await start((_: unknown, res: ServerResponse) =>
        res.writeHead(status).end(status === 204 || status === 304 ? undefined : '{"active":true}'),
      )
      await expect(ask()).resolves.toEqual({ status, document: undefined })
    },
  )

  it('C08 stops reading at 1 MiB of an answer of 40 MB', async () => {
    let written = 0
    const { ask } = await start((_: unknown, res: ServerResponse) => {
      const piece = Buffer.alloc(65_536, 0x20)
      const write = () => {
        while (written < 40_000_000 && !res.destroyed) {
          written += piece.length
          if (!res.write(piece)) return void res.once('drain', write)
        }
        res.end('{}')
      }
      write()
    })
    await expect(ask()).rejects.toEqual(away)
    expect(written).toBeLessThan(20_000_000)
  })

  it('C08 counts what an answer is unpacked to', async () => {
    const packed = gzipSync(document(20_000_000))
    const body = new Blob([new Uint8Array(packed)])
      .stream()
      .pipeThrough(new DecompressionStream('gzip'))
    const { ask } = createBoundedFetch(async () => new Response(body))
    await expect(ask('https://as.acme.test/')).rejects.toEqual(away)
  })

  it('takes an answer of exactly 1 MiB, and none of a byte more', async () => {
    for (const [bytes, read] of [
      [megabyte, true],
      [megabyte + 1, false],
    ] as const) {
      const { ask } = createBoundedFetch(async () => new Response(document(bytes)))
      const answer = ask('https://as.acme.test/')
      if (read) await expect(answer).resolves.toHaveProperty('document.a')
      else await expect(answer).rejects.toEqual(away)
    }
  })

  it('C08 gives a slow answer 5 seconds as a whole', async () => {
    let arrived: () => void = () => undefined
    const underWay = new Promise<void>((resolve) => {
      arrived = resolve
    })
    let drip: NodeJS.Timeout | undefined
    const { ask } = await start((_: unknown, res: ServerResponse) => {
      res.writeHead(200)
      drip = setInterval(() => res.write(' '), 10)
      arrived()
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const answer = ask()
    answer.catch(() => undefined)
    await underWay
    vi.advanceTimersByTime(4_999)
    expect(await Promise.race([answer.catch(() => 'ended'), Promise.resolve('waiting')])).toBe(
      'waiting',
    )
    vi.advanceTimersByTime(1)
    await expect(answer).rejects.toEqual(away)
    clearInterval(drip)
  })

  it('C08 gives up on a fetch that ignores its signal', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { ask } = createBoundedFetch(() => new Promise(() => undefined))
    const answer = ask('https://as.acme.test/')
    vi.advanceTimersByTime(5_000)
    await expect(answer).rejects.toEqual(away)
  })

  it('ends what is under way when it is closed, and asks no more', async () => {
    const { ask, close } = createBoundedFetch(() => new Promise(() => undefined))
    const answer = ask('https://as.acme.test/')
    close()
    await expect(answer).rejects.toEqual(away)
    await expect(ask('https://as.acme.test/')).rejects.toEqual(away)
  })

  it('C08 does not ask in the clear, loopback included', async () => {
    const fetch = vi.fn(async () => new Response('{}'))
    const { ask } = createBoundedFetch(fetch)
    for (const url of [
      'http://as.acme.test/',
      'http://127.0.0.1/',
      'http://localhost/',
      'file:///etc/passwd',
      'data:,{}',
      '',
    ])
      await expect(ask(url)).rejects.toEqual(away)
    expect(fetch).not.toHaveBeenCalled()
  })

  it('refuses a server whose certificate is not trusted, and says why by a code', async () => {
    const { origin } = await startServer()
    const { fetch } = await startServer()
    await expect(createBoundedFetch(fetch).ask(`${origin}/`)).rejects.toEqual(
      expect.objectContaining({ status: 503, message: expect.stringMatching(/\([A-Z_]+\)$/) }),
    )
  })

  it('repeats no text of an error', async () => {
    for (const error of [
      new Error('canary'),
      'canary',
      Object.assign(new Error('canary'), { code: 'the canary' }),
    ]) {
      const { ask } = createBoundedFetch(() => Promise.reject(error))
      const refused: unknown = await ask('https://as.acme.test/').catch((thrown: unknown) => thrown)
      expect(refused).toEqual(away)
      expect(String(refused)).not.toContain('canary')
      expect(refused).not.toHaveProperty('cause')
    }
  })

  it('names the code of the cause, as undici wraps it', async () => {
    const cause = Object.assign(new Error('canary'), { code: 'ECONNREFUSED' })
    const { ask } = createBoundedFetch(() =>
      Promise.reject(new TypeError('fetch failed', { cause })),
    )
    await expect(ask('https://as.acme.test/')).rejects.toHaveProperty(
      'message',
      'the authorization server was not reached (ECONNREFUSED)',
    )
  })
})

describe('isHttpsUrl', () => {
  it.each(['https://as.acme.test', 'https://as.acme.test/a/b?c=d', 'https://[::1]:8443/'])(
    'takes %s',
    (url) => {
      expect(isHttpsUrl(url)).toBe(true)
    },
  )

  it.each([
    'http://as.acme.test',
    'HTTPS://as.acme.test',
    'https:as.acme.test',
    'https:/as.acme.test',
    'https://',
    'https://user@as.acme.test',
    'https://user:secret@as.acme.test',
    'https://as.acme.test\\@evil.test',
    ' https://as.acme.test',
    'https://as.acme.test\n',
    'as.acme.test',
    '',
    undefined,
    1,
    new URL('https://as.acme.test'),
  ])('refuses %s', (url) => {
    expect(isHttpsUrl(url)).toBe(false)
  })
})

describe('what is under way', () => {
  const url = 'https://as.acme.test/'
  const said = (answer: Promise<unknown>) => answer.catch(({ message }: Error) => message)

  /** An answer whose body never ends, and what becomes of it. */
  function endless(piece?: Uint8Array) {
    const cancel = vi.fn()
    const pull = (controller: ReadableStreamDefaultController) => {
      if (piece !== undefined) controller.enqueue(piece)
    }
    return { cancel, response: new Response(new ReadableStream({ pull, cancel })) }
  }

  it('is not begun once it is closed', async () => {
    const fetch = vi.fn(async () => new Response('{}'))
    const { ask, close } = createBoundedFetch(fetch)
    close()
    expect(await said(ask(url))).toBe('token verification was closed')
    expect(fetch).not.toHaveBeenCalled()
  })

  it('C08 is read no further when it is closed', async () => {
    const { response, cancel } = endless()
    const { ask, close } = createBoundedFetch(async () => response)
    const answer = said(ask(url))
    await vi.waitFor(() => expect(response.body?.locked).toBe(true), 10_000)
    close()
    expect(await answer).toBe('the authorization server did not answer before it was closed')
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('C08 is read no further where it is too long', async () => {
    const { response, cancel } = endless(new Uint8Array(65_536))
    const { ask } = createBoundedFetch(async () => response)
    expect(await said(ask(url))).toBe('the authorization server sent more than 1 MiB')
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('C08 is given up after 5 seconds, and so is what was read of it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { response, cancel } = endless()
    const { ask } = createBoundedFetch(async () => response)
    const answer = said(ask(url))
    await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(5_000)
    expect(await answer).toBe('the authorization server did not answer in time')
    expect(cancel).toHaveBeenCalledOnce()
  })
})

describe('what is sent and said', () => {
  const url = 'https://as.acme.test/'
  const saidOf = (error: unknown) =>
    createBoundedFetch(() => Promise.reject(error))
      .ask(url)
      .catch(({ message }: Error) => message)

  it('is a form, and asks for JSON', async () => {
    const fetch = vi.fn(async (_url: string | URL, _init?: RequestInit) => new Response('{}'))
    await createBoundedFetch(fetch).ask(url, { form: new URLSearchParams({ a: 'b' }) })
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      body: 'a=b',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
      },
    })
  })

  it('names a code where it is one', async () => {
    const unreached = 'the authorization server was not reached'
    expect(await saidOf({ code: 'EPIPE' })).toBe(`${unreached} (EPIPE)`)
    for (const code of [undefined, 7, 'canary', 'canary EPIPE', 'EPIPE canary', 'E'])
      expect(await saidOf({ code })).toBe(unreached)
  })

  it('names the rule', async () => {
    const response = new Response('{}')
    Object.defineProperty(response, 'redirected', { value: true })
    const { ask } = createBoundedFetch(async () => response)
    const said = (where: string) => ask(where).catch(({ message }: Error) => message)
    expect(await said('http://a.test')).toBe('an authorization server is only asked over https')
    expect(await said(url)).toBe(
      'the authorization server was reached by a redirect, which is not followed',
    )
  })
})
