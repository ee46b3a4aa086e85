import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from '@mcp-mtls/authority'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type MtlsFetch, type MtlsFetchOptions, mtlsFetch } from '../src/index.js'
import { type RunningServer, type StartOptions, startServer } from './start-server.js'

let ca: CertificateAuthority
let stranger: CertificateAuthority
let serverCertificate: IssuedCertificate
let reader: IssuedCertificate
const toClose: { close: () => Promise<void> }[] = []

beforeAll(async () => {
  ca = await createCertificateAuthority({ name: 'Test CA' })
  stranger = await createCertificateAuthority({ name: 'Stranger CA' })
  serverCertificate = await ca.issue({ usage: 'server', dns: ['localhost'] })
  reader = await ca.issue({ usage: 'client', cn: 'reader' })
})
afterEach(async () => {
  for (const one of toClose.splice(0)) await one.close()
})

async function start(options: StartOptions = {}): Promise<RunningServer> {
  const { certificate: cert, key } = serverCertificate
  const server = await startServer({ cert, key, ca: ca.certificate, ...options })
  toClose.push(server)
  return server
}

function client(options: Partial<MtlsFetchOptions> = {}): MtlsFetch {
  const { chain: cert, key } = reader
  const fetch = mtlsFetch({ cert, key, ca: ca.certificate, ...options })
  toClose.unshift(fetch)
  return fetch
}

const post = (accept: string): RequestInit => ({
  method: 'POST',
  headers: { accept, 'content-type': 'application/json' },
  body: '{}',
})
const MESSAGE = post('application/json, text/event-stream')

describe('mtlsFetch', () => {
  it('presents the certificate and returns what fetch returns', async () => {
    const server = await start()
    const response = await client()(new URL('/mcp', server.origin), MESSAGE)
    expect([response.status, await response.text(), server.seen]).toEqual([200, 'ok', ['reader']])
  })

  it('sends method, headers and body as given', async () => {
    const server = await start({
      answer: async (request, response) => {
        const body = (await request.setEncoding('utf8').toArray()).join('')
        response.end(JSON.stringify([request.method, request.headers['x-test'], body]))
      },
    })
    const response = await client()(`${server.origin}/mcp`, {
      method: 'PUT',
      headers: new Headers({ 'x-test': 'yes', accept: 'text/event-stream' }),
      body: 'hello',
    })
    expect(await response.json()).toEqual(['PUT', 'yes', 'hello'])
  })

  it('presents the intermediates that follow the certificate', async () => {
    const intermediate = await ca.child()
    const { chain: cert, key } = await intermediate.issue({ usage: 'client', cn: 'below' })
    const server = await start()
    await client({ cert, key })(server.origin)
    expect(server.seen).toEqual(['below'])
  })

  it('accepts the server name given in place of the host', async () => {
    const other = await ca.issue({ usage: 'server', dns: ['mcp.acme.test'] })
    const server = await start({ cert: other.certificate, key: other.key })
    const response = await client({ servername: 'mcp.acme.test' })(server.origin)
    expect(response.status).toBe(200)
  })

  it('proves the certificate anew on every connection, without a resumed session', async () => {
    const server = await start({
      answer: ({ socket }, response) => {
        const isReused = socket instanceof TLSSocket && socket.isSessionReused()
        response.writeHead(200, { connection: 'close' }).end(String(isReused))
      },
    })
    const fetch = client()
    const first = await (await fetch(server.origin)).text()
    const second = await (await fetch(server.origin)).text()
    expect([first, second]).toEqual(['false', 'false'])
  })

  it('stops an open stream when closed, and rejects what comes after', async () => {
    const server = await start({ answer: (_request, response) => response.write('data: 1\n\n') })
    const fetch = client()
    const response = await fetch(server.origin)
    const text = response.text()
    await fetch.close()
    await expect(text).rejects.toThrow()
    await expect(fetch(server.origin)).rejects.toThrow()
  })

  it('stops when its signal says so, with the reason of the signal', async () => {
    const server = await start({ answer: () => undefined })
    const request = client()(server.origin, { signal: AbortSignal.timeout(50) })
    await expect(request).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('lets the process exit by itself after a request, without close', async () => {
    const server = await start()
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        EXITING,
        server.origin,
        ca.certificate,
        reader.chain,
        reader.key,
      ],
      { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const output = child.stdout.setEncoding('utf8').toArray()
    const [code] = await once(child, 'exit')
    expect([code, (await output).join('')]).toEqual([0, '200\n'])
  })
})

const EXITING = `
import { mtlsFetch } from './dist/index.js'
const [origin, ca, cert, key] = process.argv.slice(1)
const response = await mtlsFetch({ ca, cert, key })(origin)
await response.text()
console.log(response.status)
`

describe('the origins that see the certificate', () => {
  it('are, by default, the one of the first request alone', async () => {
    const [first, second] = [await start(), await start()]
    const fetch = client()
    await fetch(first.origin)
    await expect(fetch(second.origin)).rejects.toThrow('fetch failed')
    expect([first.seen, second.seen]).toEqual([['reader'], []])
  })

  it('are those listed, wherever the first request goes', async () => {
    const [one, two] = [await start(), await start()]
    const fetch = client({ origins: [one.origin, two.origin] })
    await fetch(two.origin, post('application/json'))
    await fetch(one.origin)
    expect([one.seen, two.seen]).toEqual([['reader'], ['reader']])
  })

  it('do not include the target of a redirect', async () => {
    const target = await start()
    const source = await start({
      answer: (_request, response) => {
        response.writeHead(307, { location: target.origin }).end()
      },
    })
    await expect(client()(source.origin)).rejects.toThrow()
    expect([source.seen, target.seen]).toEqual([['reader'], []])
  })

  it('are not told apart by path, and are by port', async () => {
    const [one, two] = [await start(), await start()]
    const fetch = client({ origins: [one.origin] })
    await fetch(`${one.origin}/a`)
    await fetch(`${one.origin}/b`)
    await expect(fetch(two.origin)).rejects.toThrow('fetch failed')
    expect(one.seen).toEqual(['reader', 'reader'])
  })

  it('all others are judged by the public authorities, not by ca', async () => {
    const [listed, other] = [await start(), await start()]
    await expect(client({ origins: [listed.origin] })(other.origin)).rejects.toMatchObject({
      cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    })
  })

  it('all others can be plain http', async () => {
    const { createServer } = await import('node:http')
    const plain = createServer((_request, response) => response.end('plain')).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const address = plain.address()
    const port = typeof address === 'object' ? address?.port : 0
    const fetch = client({ origins: ['https://mcp.acme.test'] })
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('plain')
    plain.closeAllConnections()
    plain.close()
  })

  it.each([
    ['a token request', '/token', post('application/json')],
    ['a form', '/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) }],
    ['metadata of a server', '/.well-known/oauth-authorization-server', undefined],
    ['metadata below a path', '/.well-known/oauth-authorization-server/tenant', undefined],
    ['OpenID metadata', '/tenant/.well-known/openid-configuration', undefined],
  ])('are not settled by %s', async (_what, path, init) => {
    const server = await start()
    const fetch = client()
    await expect(fetch(server.origin + path, init)).rejects.toMatchObject({
      code: 'ERR_MTLS_CLIENT_CONFIGURATION',
      message: expect.stringContaining('`origins`'),
    })
    expect(server.seen).toEqual([])
  })

  it('are not settled by a plain http URL', async () => {
    await expect(client()('http://127.0.0.1:9/mcp')).rejects.toThrow(/is not https/)
  })

  it.each([
    [[]],
    [['http://a.test']],
    [['a.test']],
    [['https://a.test/mcp']],
    [['https://u@a.test']],
  ])('cannot be listed as %j', (origins) => {
    expect(() => client({ origins })).toThrow(/^origins: /)
  })
})

describe('a TLS failure', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'with %s, where the server refuses the certificate, says so',
    async (version) => {
      const { certificate: cert, key } = await stranger.issue({ usage: 'client', cn: 'reader' })
      const server = await start({ minVersion: version, maxVersion: version })
      await expect(client({ cert, key })(server.origin)).rejects.toMatchObject({
        name: 'MtlsClientError',
        code: 'ERR_MTLS_CLIENT_REFUSED',
        message: expect.stringMatching(/most likely refused the client certificate/),
        cause: { message: 'fetch failed' },
      })
      expect(server.seen).toEqual([])
    },
  )

  it.each([
    [
      'of an unknown authority',
      () => stranger.issue({ usage: 'server', dns: ['localhost'] }),
      /not in `ca`/,
    ],
    ['for another host', () => ca.issue({ usage: 'server', dns: ['a.test'] }), /other host names/],
    ['for clients', () => ca.issue({ usage: 'client', dns: ['localhost'] }), /serverAuth/],
    [
      'that has expired',
      () =>
        ca.issue({
          usage: 'server',
          dns: ['localhost'],
          notBefore: new Date(0),
          notAfter: new Date(1e9),
        }),
      /expired/,
    ],
  ])('by a server certificate %s says why', async (_what, issue, reason) => {
    const { certificate: cert, key } = await issue()
    const server = await start({ cert, key })
    await expect(client()(server.origin)).rejects.toMatchObject({
      code: 'ERR_MTLS_SERVER_NOT_TRUSTED',
      message: expect.stringMatching(reason),
    })
    expect(server.seen).toEqual([])
  })

  it('by a server without TLS says so', async () => {
    const { createServer } = await import('node:http')
    const plain = createServer().listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const address = plain.address()
    const port = typeof address === 'object' ? address?.port : 0
    await expect(client()(`https://localhost:${port}`)).rejects.toThrow(/does not speak TLS/)
    plain.close()
  })

  it('cannot be switched off by the environment', async () => {
    const { certificate: cert, key } = await stranger.issue({ usage: 'server', dns: ['localhost'] })
    const server = await start({ cert, key })
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      await expect(client()(server.origin)).rejects.toMatchObject({
        code: 'ERR_MTLS_SERVER_NOT_TRUSTED',
      })
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })

  it('is not made of a refused TCP connection', async () => {
    const server = await start()
    await server.close()
    await expect(client()(server.origin)).rejects.toMatchObject({
      message: 'fetch failed',
      cause: { code: 'ECONNREFUSED' },
    })
  })
})
