import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type HandshakeRefusal, toHint } from '../../src/tls/handshake-refusal.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { exchange, get, getHttp2, knock, listen, renegotiate } from './exchange.js'

/** Ours, where Node resumes the session; Node's own from 24.21 and 26.10 on. */
const noCertificate = /^(ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE|UNABLE_TO_GET_ISSUER_CERT)$/
const day = 86_400_000

async function start(minVersion?: 'TLSv1.2') {
  const files = await createCertificateFiles()
  const tls = await tlsFromFiles(
    minVersion === undefined ? files.options : { ...files.options, minVersion },
  )
  onTestFinished(() => tls.close())
  const refusals: HandshakeRefusal[] = []
  tls.on('refused', (refusal) => refusals.push(refusal))
  const server = tls.createServer((request, response) => {
    response.end(`attached ${tls.isAttached(request.socket)}`)
  })
  const port = await listen(server)
  const trust = { ca: files.ca.certificate }
  return { files, tls, server, port, trust, refusals }
}

async function seeRefusal(refusals: readonly HandshakeRefusal[]): Promise<HandshakeRefusal> {
  await vi.waitFor(() => expect(refusals).toHaveLength(1), 10_000)
  return refusals[0] as HandshakeRefusal
}

describe('a server of tlsFromFiles', () => {
  it('A22 A19 resumes no session whose certificate has expired meanwhile', async () => {
    const { files, port, trust, refusals } = await start()
    const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2_000)
    const { chain, key } = await files.ca.issue({ usage: 'client', cn: 'client', notAfter })
    const client = { ...trust, cert: chain, key }
    const first = await exchange(port, client)
    expect(first.answer).toContain('attached true')
    await sleep(notAfter.getTime() - Date.now() + 100)
    const resumed = await exchange(port, { ...client, session: first.session as Buffer })
    expect(resumed.answer).toBe('')
    expect((await seeRefusal(refusals)).reason).toBe('CERT_HAS_EXPIRED')
  })

  it('answers a client whose certificate the authority issued, and knows its connection', async () => {
    const { files, port, trust, refusals } = await start()
    const client = await issueClient(files.ca)
    expect(await get(port, { ...trust, ...client })).toBe('attached true')
    expect(refusals).toEqual([])
  })

  it('A16 refuses a client without a certificate and says so', async () => {
    const { port, trust, refusals, files } = await start()
    const { answer, session } = await exchange(port, trust)
    expect({ answer, session }).toEqual({ answer: '', session: undefined })
    expect(await seeRefusal(refusals)).toEqual({
      reason: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
      hint: `the client sent no certificate; give it one issued by a CA of ${files.options.ca}`,
      remoteAddress: '127.0.0.1',
      remotePort: expect.any(Number),
    })
  })

  it('names the CA file when another CA signed the certificate, and the address of the client', async () => {
    const { port, trust, refusals, files } = await start()
    const other = await createCertificateAuthority({ name: 'Other CA' })
    expect(await get(port, { ...trust, ...(await issueClient(other)) })).toBe('ECONNRESET')
    expect(await seeRefusal(refusals)).toEqual({
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      hint: `the client's certificate was signed by a CA that is not in ${files.options.ca}, or the client left out an intermediate`,
      remoteAddress: '127.0.0.1',
      remotePort: expect.any(Number),
    })
  })

  it.each([
    {
      name: 'expired',
      request: {
        usage: 'client',
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() - day),
      },
      reason: 'CERT_HAS_EXPIRED',
      hint: 'has expired',
    },
    {
      name: 'not valid yet',
      request: {
        usage: 'client',
        notBefore: new Date(Date.now() + day),
        notAfter: new Date(Date.now() + 2 * day),
      },
      reason: 'CERT_NOT_YET_VALID',
      hint: 'compare the clocks',
    },
    {
      name: 'for servers',
      request: { usage: 'server' },
      reason: 'INVALID_PURPOSE',
      hint: 'clientAuth',
    },
  ] as const)('refuses a certificate that is $name', async ({ request, reason, hint }) => {
    const { port, trust, refusals, files } = await start()
    const issued = await files.ca.issue({ cn: 'client', ...request })
    expect(await get(port, { ...trust, cert: issued.chain, key: issued.key })).toBe('ECONNRESET')
    const refusal = await seeRefusal(refusals)
    expect(refusal.reason).toBe(reason)
    expect(refusal.hint).toContain(hint)
  })

  it('A20 speaks TLS 1.3 only, and says which option admits older clients', async () => {
    const { port, trust, refusals, files } = await start()
    const client = await issueClient(files.ca)
    const answer = await get(port, { ...trust, ...client, maxVersion: 'TLSv1.2' })
    expect(answer).not.toContain('attached')
    expect(await seeRefusal(refusals)).toMatchObject({
      reason: 'ERR_SSL_UNSUPPORTED_PROTOCOL',
      hint: expect.stringContaining("minVersion: 'TLSv1.2'"),
    })
  })

  it('A20 ends a connection that asks for renegotiation where TLS 1.2 is admitted', async () => {
    const { port, trust, files } = await start('TLSv1.2')
    const client = await issueClient(files.ca)
    expect(await renegotiate(port, { ...trust, ...client })).toBe('closed')
  })

  it('A20 the options alone refuse renegotiation', async () => {
    const { tls, trust, files } = await start('TLSv1.2')
    const port = await listen(createServer(tls.options))
    const client = await issueClient(files.ca)
    expect(await renegotiate(port, { ...trust, ...client })).toMatch(
      /^(EPROTO|ERR_SSL_NO_RENEGOTIATION)$/,
    )
  })

  it("A20 ends a connection that reports 'secure' a second time", async () => {
    const { port, trust, files, server } = await start('TLSv1.2')
    server.prependListener('request', (request) => {
      request.socket.emit('secure')
    })
    const client = await issueClient(files.ca)
    expect(await get(port, { ...trust, ...client, maxVersion: 'TLSv1.2' })).toBe('ECONNRESET')
  })

  it('reports a client that does not trust the server', async () => {
    const { port, refusals, files } = await start()
    const other = await createCertificateAuthority({ name: 'Other CA' })
    await get(port, { ca: other.certificate, ...(await issueClient(files.ca)) })
    const refusal = await seeRefusal(refusals)
    expect(refusal.reason).toBe('ECONNRESET')
    expect(refusal.hint).toContain(files.options.cert)
  })

  it('reports plain HTTP and other bytes that are no TLS', async () => {
    const { port, refusals } = await start()
    await knock(port, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await knock(port, 'SSH-2.0-scanner\r\n')
    await vi.waitFor(() => expect(refusals).toHaveLength(2), 10_000)
    expect(refusals.map(({ reason, hint }) => [reason, hint])).toEqual([
      ['ERR_SSL_HTTP_REQUEST', 'plain HTTP was sent to the TLS port; the client must use https://'],
      ['ERR_SSL_WRONG_VERSION_NUMBER', 'what was sent is not TLS'],
    ])
  })

  it('says nothing of a connection that closes without a byte', async () => {
    const { port, refusals } = await start()
    await knock(port)
    await knock(port, 'x'.repeat(20))
    expect((await seeRefusal(refusals)).reason).toBe('ERR_SSL_WRONG_VERSION_NUMBER')
  })

  it.each(['localhost', 'LOCALHOST', 'unknown.test', undefined])(
    'A25 holds the server name %s to the same client CAs',
    async (servername) => {
      const { port, files } = await start()
      const other = await createCertificateAuthority({ name: 'Other CA' })
      const name = servername === undefined ? { servername: '' } : { servername }
      const lax = { rejectUnauthorized: false, ...name }
      expect(await get(port, { ...lax, ...(await issueClient(files.ca)) })).toBe('attached true')
      expect(await get(port, { ...lax, ...(await issueClient(other)) })).toBe('ECONNRESET')
      expect((await exchange(port, lax)).answer).toBe('')
    },
  )
})

describe('session resumption', () => {
  it('A16 resumes a session with its certificate', async () => {
    const { files, tls, trust } = await start()
    const server = tls.createServer((request, response) => {
      const socket = request.socket as import('node:tls').TLSSocket
      response.end(`${socket.isSessionReused()} ${socket.getPeerX509Certificate()?.subject}`)
    })
    const port = await listen(server)
    const client = { ...trust, ...(await issueClient(files.ca, 'alice')) }
    const first = await exchange(port, client)
    expect(first.answer).toContain('false CN=alice')
    const second = await exchange(port, { ...client, session: first.session as Buffer })
    expect(second.answer).toContain('true CN=alice')
  })

  it('A17 gives every source a session context of its own', async () => {
    const { files, tls } = await start()
    const another = await tlsFromFiles(files.options)
    expect(tls.options.sessionIdContext).toMatch(/^[0-9a-f]{32}$/)
    expect(another.options.sessionIdContext).not.toBe(tls.options.sessionIdContext)
  })

  async function createOpenListener(tls: TlsSource, options: object): Promise<number> {
    const { cert, key } = tls.options
    return listen(createServer({ cert, key, ...options }, (_, response) => response.end('open')))
  }

  it('A17 does not resume a session of a listener that asks for no certificate', async () => {
    const { tls, port, trust, refusals } = await start()
    const open = await createOpenListener(tls, {})
    const { session, answer } = await exchange(open, trust)
    expect(answer).toContain('open')
    const second = await exchange(port, { ...trust, session: session as Buffer })
    expect(second).toMatchObject({ answer: '', resumed: false })
    expect((await seeRefusal(refusals)).reason).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE')
  })

  it('A17 does not resume such a session even if both listeners were given the same ticket keys', async () => {
    const { tls, port, server, trust } = await start()
    const ticketKeys = randomBytes(48)
    server.setTicketKeys(ticketKeys)
    const open = await createOpenListener(tls, { ticketKeys })
    const { session } = await exchange(open, trust)
    expect((await exchange(port, { ...trust, session: session as Buffer })).answer).toBe('')
  })

  it('A16 ends a connection that Node resumed without any certificate', async () => {
    const { tls, port, server, trust, refusals } = await start()
    const ticketKeys = randomBytes(48)
    const { sessionIdContext } = tls.options
    server.setTicketKeys(ticketKeys)
    const open = await createOpenListener(tls, { ticketKeys, sessionIdContext })
    const { session } = await exchange(open, trust)
    const second = await exchange(port, { ...trust, session: session as Buffer })
    expect(second.answer).toBe('')
    expect((await seeRefusal(refusals)).reason).toMatch(noCertificate)
  })

  it('A16 ends such a connection before HTTP/2 answers on it', async () => {
    const { tls, trust, refusals } = await start()
    const ticketKeys = randomBytes(48)
    const { sessionIdContext } = tls.options
    const answered = vi.fn()
    const server = tls.attach(createSecureServer(tls.options, answered))
    server.setTicketKeys(ticketKeys)
    const port = await listen(server)
    const open = await createOpenListener(tls, { ticketKeys, sessionIdContext })
    const { session } = await exchange(open, trust)
    await getHttp2(port, { ...trust, session: session as Buffer })
    expect(answered).not.toHaveBeenCalled()
    expect((await seeRefusal(refusals)).reason).toMatch(noCertificate)
  })

  it('A18 does not resume a session after the context was made anew', async () => {
    const { files, tls, port, server, trust } = await start()
    const client = { ...trust, ...(await issueClient(files.ca)) }
    const { session } = await exchange(port, client)
    expect((await exchange(port, { ...client, session: session as Buffer })).resumed).toBe(true)
    server.setSecureContext(tls.options)
    const later = await exchange(port, { ...client, session: session as Buffer })
    expect(later.resumed).toBe(false)
    expect(later.answer).toContain('attached true')
  })
})

describe('A35 the environment', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('NODE_TLS_REJECT_UNAUTHORIZED=0 changes no verdict of the server', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const { port, files } = await start()
    const other = await createCertificateAuthority({ name: 'Other CA' })
    expect(await get(port, await issueClient(files.ca))).toBe('attached true')
    expect(await get(port, await issueClient(other))).toBe('ECONNRESET')
  })

  it('NODE_EXTRA_CA_CERTS admits no client', async () => {
    const { files, tls } = await start()
    const other = await createCertificateAuthority({ name: 'Other CA' })
    const extra = await files.write('extra.crt', other.certificate)
    const script = `
      const { options, client, ca } = JSON.parse(process.env.INPUT)
      const https = require('node:https')
      const server = https.createServer(options, (request, response) => response.end('ok'))
      server.listen(0, '127.0.0.1', () => https.get(
        { host: '127.0.0.1', port: server.address().port, servername: 'localhost', ca, ...client, agent: false },
        () => { console.log('answered'); process.exit() },
      ).on('error', (error) => { console.log(error.code); process.exit() }))`
    const input = {
      options: tls.options,
      client: await issueClient(other),
      ca: files.ca.certificate,
    }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      env: { NODE_EXTRA_CA_CERTS: extra, INPUT: JSON.stringify(input) },
    })
    expect(stdout.trim()).toBe('ECONNRESET')
  })
})

describe('the hint', () => {
  const names = { certificate: 'server.crt', authorities: 'ca.crt' }

  it.each([
    [
      'UNABLE_TO_GET_ISSUER_CERT',
      "the client's certificate leads to no root of ca.crt, or it resumed a session without a certificate",
    ],
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      "the client's certificate is self-signed; give it one issued by a CA of ca.crt",
    ],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      "the client's certificate was signed by a CA that is not in ca.crt, or the client left out an intermediate",
    ],
    [
      'CERT_SIGNATURE_FAILURE',
      "the client's certificate names a CA of ca.crt but was signed by another key; the CA may have been made anew under its old name",
    ],
    ['INVALID_CA', "a certificate above the client's is no CA, or its path length allows no more"],
    ['EE_KEY_TOO_SMALL', "a key or signature in the client's chain is too weak"],
    [
      'ERR_SSL_NO_SHARED_CIPHER',
      'client and server have no cipher suite or signature algorithm in common',
    ],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', 'the client did not finish the handshake in time'],
    [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      "the client does not accept this server's certificate (server.crt); give the client the CA that issued it",
    ],
    [
      'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
      'the client ended the handshake with this alert; its own log says why',
    ],
    ['SOMETHING_NEW', 'the handshake failed; OpenSSL documents the reason'],
  ])('for %s says what to look at', (reason, hint) => {
    expect(toHint(reason, names)).toBe(hint)
  })
})
