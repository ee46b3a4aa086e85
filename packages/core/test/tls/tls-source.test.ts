import { createSecureServer, type Http2ServerRequest } from 'node:http2'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { get, getHttp2, knock, listen } from './exchange.js'

async function create() {
  const files = await createCertificateFiles()
  const tls = await tlsFromFiles(files.options)
  onTestFinished(() => tls.close())
  return { files, tls }
}

describe('options', () => {
  it('A26 are complete, explicit and frozen', async () => {
    const { files, tls } = await create()
    expect(tls.options).toEqual({
      cert: expect.stringContaining('BEGIN CERTIFICATE'),
      key: expect.stringContaining('BEGIN PRIVATE KEY'),
      ca: [files.ca.certificate.trimEnd()].map((pem) => `${pem}\n`),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      honorCipherOrder: true,
      secureOptions: 0x40000000,
      sessionIdContext: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    expect(Object.isFrozen(tls.options)).toBe(true)
    expect(Object.isFrozen(tls.options.ca)).toBe(true)
    expect(Object.isFrozen(tls)).toBe(true)
  })

  it('A18 hold no ticket keys', async () => {
    const { tls } = await create()
    expect(tls.options).not.toHaveProperty('ticketKeys')
    expect(tls.options).not.toHaveProperty('SNICallback')
  })

  it('do not show the private key when the source is logged', async () => {
    const { tls } = await create()
    expect(JSON.stringify(tls)).not.toContain('PRIVATE KEY')
    expect(inspect(tls, { depth: 9 })).not.toContain('PRIVATE KEY')
  })
})

describe('createServer', () => {
  it('needs no this', async () => {
    const { files, tls } = await create()
    const { createServer: factory } = tls
    const port = await listen(factory((_, response) => response.end('ok')))
    expect(await get(port, { ca: files.ca.certificate, ...(await issueClient(files.ca)) })).toBe(
      'ok',
    )
  })

  it("applies the timeouts of Fastify's second argument", async () => {
    const { tls } = await create()
    const server = tls.createServer(() => undefined, {
      keepAliveTimeout: 72_000,
      requestTimeout: 1_000,
      connectionTimeout: 2_000,
      maxRequestsPerSocket: 3,
    })
    expect(server).toMatchObject({
      keepAliveTimeout: 72_000,
      requestTimeout: 1_000,
      timeout: 2_000,
      maxRequestsPerSocket: 3,
    })
  })

  it("keeps Node's defaults without a second argument", async () => {
    const { tls } = await create()
    const plain = createServer()
    const { keepAliveTimeout, requestTimeout, timeout } = plain
    expect(tls.createServer()).toMatchObject({ keepAliveTimeout, requestTimeout, timeout })
  })

  it.each([
    ['http2', true, 'http2.createSecureServer({ ...tls.options, allowHTTP1: true }, handler)'],
    ['https', {}, 'https.createServer({ ...tls.options, maxHeaderSize }, handler)'],
    [
      'http',
      { maxHeaderSize: 1 },
      'https.createServer({ ...tls.options, maxHeaderSize }, handler)',
    ],
  ])('refuses the option %s, which would be lost, with advice', async (name, value, advice) => {
    const { tls } = await create()
    expect(() => tls.createServer(() => undefined, { [name]: value })).toThrow(
      new ConfigurationError(
        `createServer: the option "${name}" would be lost. Build the server and attach it: serverFactory: (handler) => tls.attach(${advice}).`,
      ),
    )
  })

  it('refuses options where the listener belongs', async () => {
    const { tls } = await create()
    expect(() => Reflect.apply(tls.createServer, undefined, [{ port: 1 }])).toThrow(
      /first argument is the request listener/,
    )
  })
})

function answerAttached(tls: TlsSource) {
  return (request: { socket: object }, response: { end(text: string): unknown }): void => {
    const stream: unknown = Reflect.get(request, 'stream')
    const session = (stream as Http2ServerRequest['stream'] | undefined)?.session
    response.end(`attached ${tls.isAttached(session ?? request.socket)}`)
  }
}

describe('attach', () => {
  it('knows HTTP/2 sessions and HTTP/1.1 sockets of one server', async () => {
    const { files, tls } = await create()
    const server = tls.attach(
      createSecureServer({ ...tls.options, allowHTTP1: true }, answerAttached(tls)),
    )
    const port = await listen(server)
    const client = { ca: files.ca.certificate, ...(await issueClient(files.ca)) }
    expect(await get(port, client)).toBe('attached true')
    expect(await getHttp2(port, client)).toBe('attached true')
  })

  it('refuses HTTP/2 clients without a certificate', async () => {
    const { files, tls } = await create()
    const reasons: string[] = []
    tls.on('refused', ({ reason }) => reasons.push(reason))
    const port = await listen(tls.attach(createSecureServer(tls.options, answerAttached(tls))))
    expect(await getHttp2(port, { ca: files.ca.certificate })).toMatch(/^ERR_|ECONNRESET/)
    await vi.waitFor(
      () => expect(reasons).toEqual(['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE']),
      10_000,
    )
  })

  it('does not know the connections of a server that is not attached', async () => {
    const { files, tls } = await create()
    const port = await listen(createServer(tls.options, answerAttached(tls)))
    const client = { ca: files.ca.certificate, ...(await issueClient(files.ca)) }
    expect(await get(port, client)).toBe('attached false')
    expect(tls.isAttached({})).toBe(false)
  })

  it('A26 replaces a laxer context by the complete one', async () => {
    const { files, tls } = await create()
    const lax: ServerOptions = { ...tls.options, minVersion: 'TLSv1.2', ca: [] }
    const port = await listen(tls.attach(createServer(lax, answerAttached(tls))))
    const client = { ca: files.ca.certificate, ...(await issueClient(files.ca)) }
    expect(await get(port, client)).toBe('attached true')
    expect(await get(port, { ...client, maxVersion: 'TLSv1.2' })).not.toContain('attached')
  })

  it.each([{ requestCert: false }, { rejectUnauthorized: false }])(
    'refuses a server with %o',
    async (lax) => {
      const { tls } = await create()
      expect(() => tls.attach(createServer({ ...tls.options, ...lax }))).toThrow(
        'attach: the server does not verify client certificates; create it with the options of the source, as in https.createServer(tls.options, listener).',
      )
    },
  )

  it('A18 refuses a server with fixed ticket keys', async () => {
    const { tls } = await create()
    const server = createServer({ ...tls.options, ticketKeys: Buffer.alloc(48) })
    expect(() => tls.attach(server)).toThrow(/fixed ticketKeys/)
  })

  it('makes the server itself known', async () => {
    const { tls } = await create()
    const server = createServer(tls.options)
    expect(tls.isAttached(server)).toBe(false)
    tls.attach(server)
    expect(tls.isAttached(server)).toBe(true)
  })

  it('is done once for a server, and by one source', async () => {
    const { files, tls } = await create()
    const server = tls.createServer()
    const before = server.listenerCount('secureConnection')
    expect(tls.attach(server)).toBe(server)
    expect(server.listenerCount('secureConnection')).toBe(before)
    const another = await tlsFromFiles(files.options)
    expect(() => another.attach(server)).toThrow('attached to another TLS source')
  })
})

describe('events', () => {
  it('reach every listener until it leaves, even if another throws', async () => {
    const { tls } = await create()
    const port = await listen(tls.createServer())
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const [stay, leave] = [vi.fn(), vi.fn()]
    tls.on('refused', () => {
      throw new Error('bug')
    })
    tls.on('refused', stay)
    tls.on('refused', leave)()
    await knock(port, 'SSH-2.0-scanner\r\n')
    await vi.waitFor(() => expect(stay).toHaveBeenCalledTimes(1), 10_000)
    expect(leave).not.toHaveBeenCalled()
    expect(warn).toHaveBeenCalledWith('A listener of "refused" threw: Error: bug', 'MtlsWarning')
    warn.mockRestore()
  })

  it('have one name', async () => {
    const { tls } = await create()
    expect(() => Reflect.apply(tls.on, tls, ['refuse', () => undefined])).toThrow(
      ConfigurationError,
    )
    expect(() => Reflect.apply(tls.on, tls, ['refused', undefined])).toThrow(ConfigurationError)
  })
})

describe('close', () => {
  it('ends events and takes no more servers; those attached live on', async () => {
    const { files, tls } = await create()
    const told = vi.fn()
    tls.on('refused', told)
    const server = tls.createServer((_, response) => response.end('ok'))
    const port = await listen(server)
    await tls.close()
    await knock(port, 'SSH-2.0-scanner\r\n')
    expect(await get(port, { ca: files.ca.certificate, ...(await issueClient(files.ca)) })).toBe(
      'ok',
    )
    expect(told).not.toHaveBeenCalled()
    expect(() => tls.createServer()).toThrow('TLS source: it is closed; make a new one.')
    expect((server.address() as AddressInfo).port).toBe(port)
  })
})

it('describes itself in one line', async () => {
  const { files, tls } = await create()
  expect(tls.describe()).toMatch(
    /^certificate .*server\.crt \(CN=server, until .*\); authorities default \(.*ca\.crt, 1 CA\); from TLSv1\.3$/,
  )
  expect(tls.describe()).toContain(files.options.ca)
})
