import { createSecureServer } from 'node:http2'
import { createServer, type ServerOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import { readPeerCertificate } from '../../src/identity/read-peer-certificate.js'
import { readPeerPresence } from '../../src/identity/read-peer-presence.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { exchange, get, getHttp2, listen, renegotiate } from './exchange.js'

/** What a guard would learn of the peer. */
function judge(tls: TlsSource, socket: unknown): string {
  const presence = readPeerPresence(socket)
  try {
    return `${presence} ${readPeerCertificate(socket, tls.authorities).names.uri}`
  } catch (error) {
    return `${presence} ${error instanceof CertificateError ? error.reason : error}`
  }
}

function listener(tls: TlsSource) {
  return (request: { socket: object }, response: { end(text: string): unknown }): void => {
    response.end(judge(tls, request.socket))
  }
}

async function start(options: { minVersion?: 'TLSv1.2' } = {}) {
  const files = await createCertificateFiles()
  const tls = await tlsFromFiles({ ...files.options, ...options, clientCertificate: 'request' })
  onTestFinished(() => tls.close())
  const port = await listen(tls.createServer(listener(tls)))
  const trust = { ca: files.ca.certificate }
  const issued = await files.ca.issue({ usage: 'client', uri: ['https://a.test/x'] })
  return { files, tls, port, trust, client: { ...trust, cert: issued.chain, key: issued.key } }
}

describe("clientCertificate: 'request'", () => {
  it('lets a client without a certificate in as nobody, and knows the others', async () => {
    const { port, trust, client } = await start()
    expect(await get(port, trust)).toBe('none no-certificate')
    expect(await get(port, client)).toBe('presented https://a.test/x')
  })

  it('A15 marks a bad certificate as authenticated nowhere', async () => {
    const { port, trust, tls } = await start()
    const other = await createCertificateAuthority({ name: 'Other CA' })
    expect(await get(port, { ...trust, ...(await issueClient(other)) })).toBe(
      'presented not-authorized',
    )
    expect(tls.clientCertificate).toBe('request')
  })

  it('A16 A17 resumes no session, so that one without a certificate becomes nobody else', async () => {
    for (const options of [{}, { minVersion: 'TLSv1.2' }] as const) {
      const { port, trust, client } = await start(options)
      const maxVersion = 'minVersion' in options ? 'TLSv1.2' : 'TLSv1.3'
      const first = await exchange(port, { ...trust, maxVersion })
      expect(first.answer).toContain('none no-certificate')
      const session = first.session as Buffer
      const again = await exchange(port, { ...client, maxVersion, session })
      expect(again.resumed).toBe(false)
      expect(again.answer).toContain('presented https://a.test/x')
      const without = await exchange(port, { ...trust, maxVersion, session })
      expect(without.answer).toContain('none no-certificate')
    }
  })

  it('A16 counts a resumed session that is authorized without a certificate as none', () => {
    const socket = {
      encrypted: true,
      authorized: true,
      authorizationError: null,
      getProtocol: () => 'TLSv1.3',
      getPeerX509Certificate: () => undefined,
      getPeerCertificate: () => ({}),
    }
    expect(readPeerPresence(socket)).toBe('none')
    expect(() => readPeerCertificate(socket, [])).toThrow(
      expect.objectContaining({ reason: 'no-certificate' }),
    )
  })

  it('A20 ends a connection that asks for renegotiation', async () => {
    const { port, trust, client } = await start({ minVersion: 'TLSv1.2' })
    expect(await renegotiate(port, client)).not.toBe('renegotiated')
    expect(await renegotiate(port, trust)).not.toBe('renegotiated')
  })

  it('A20 ends a connection whose handshake is made again, whatever allowed it', async () => {
    const { tls, trust } = await start()
    const server = tls.createServer(listener(tls))
    server.on('secureConnection', (socket: TLSSocket) => void socket.emit('secure'))
    const port = await listen(server)
    expect(await get(port, trust)).toBe('ECONNRESET')
  })

  it('A21 asks every client of a listener alike, over HTTP/2 also', async () => {
    const { tls, trust, client } = await start()
    const server = createSecureServer({ ...tls.options, allowHTTP1: true }, listener(tls))
    const port = await listen(tls.attach(server))
    expect(await getHttp2(port, trust)).toBe('none no-certificate')
    expect(await getHttp2(port, client)).toBe('presented https://a.test/x')
    expect(await get(port, client)).toBe('presented https://a.test/x')
  })

  it.each([
    [{ requestCert: false }, /does not verify client certificates/],
    [{ rejectUnauthorized: true }, /refuses clients without a certificate/],
  ])('refuses a server with %o', async (change: ServerOptions, message) => {
    const { tls } = await start()
    expect(() => tls.attach(createServer({ ...tls.options, ...change }))).toThrow(message)
  })

  it('is said in the startup line', async () => {
    const { tls } = await start()
    expect(tls.describe()).toContain('client certificates requested only')
  })
})

describe('clientCertificate', () => {
  it('is required unless given', async () => {
    const files = await createCertificateFiles()
    const tls = await tlsFromFiles(files.options)
    expect(tls.clientCertificate).toBe('required')
    expect(tls.options.rejectUnauthorized).toBe(true)
  })

  it.each(['none', 'optional', true, null, ''])('refuses %o', async (clientCertificate) => {
    const files = await createCertificateFiles()
    await expect(tlsFromFiles({ ...files.options, clientCertificate } as never)).rejects.toThrow(
      '"clientCertificate" must be "required" or "request"',
    )
  })
})
