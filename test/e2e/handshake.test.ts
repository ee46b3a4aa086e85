import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CertificateRequest, createCertificateAuthority } from '@mcp-mtls/authority'
import { definePolicy, type GuardOptions, type TlsSource } from '@mcp-mtls/core'
import {
  type ClientCredentials,
  legacyPost,
  rawHttp2Request,
  rawRequest,
  toolCall,
  until,
} from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startNode } from './adapters.js'
import { attempt, toBytes } from './attempt.js'
import { openServer, type ServerSetup } from './open-server.js'
import { caName, createPki, type Pki } from './pki.js'

const reader = 'spiffe://acme.test/agents/reader'
const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  assignments: [
    { spiffe: reader, roles: ['reader'] },
    { dns: 'agent.acme.test', roles: ['reader'] },
  ],
})
const policyWithCommonName = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  assignments: [{ cn: 'reader', roles: ['reader'] }],
})
const call = legacyPost(toolCall('search'))
const bytes = toBytes(call)
const unauthenticated =
  '{"jsonrpc":"2.0","id":null,"error":{"code":-31401,"message":"Authentication required"}}'
const day = 86_400_000
// Node verifies a certificate after the handshake and then hangs up; only a missing one gets an alert.
const aborted = /^(closed|ECONNRESET|EPIPE|ERR_SSL_\w+_ALERT_)/
const oid = { basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15' }

let pki: Pki
beforeAll(async () => {
  pki = await createPki()
})
afterAll(() => pki.remove())

function open(setup: Partial<ServerSetup> & { readonly guard?: Partial<GuardOptions> } = {}) {
  const { guard, ...rest } = setup
  return openServer({ files: pki.files, options: { policy, ...guard }, ...rest })
}

/** What the tool behind the guard answers a caller it knows by this name. */
function foundFor(name: string) {
  return { result: { content: [{ text: `search for default/${name}` }] } }
}

describe('a certificate that does not verify is refused in the handshake', () => {
  const soon = () => ({
    notBefore: new Date(Date.now() + day),
    notAfter: new Date(Date.now() + 2 * day),
  })
  const past = () => ({
    notBefore: new Date(Date.now() - 2 * day),
    notAfter: new Date(Date.now() - day),
  })
  const issue = (request: Partial<CertificateRequest>) => () =>
    pki.issue({ uri: [reader], ...request })
  const ofAnother = (name: string) => async () =>
    pki.present(
      await (await createCertificateAuthority({ name })).issue({ usage: 'client', uri: [reader] }),
    )
  const ofIntermediate = async () => {
    const ca = await createCertificateAuthority({ name: 'root' })
    const below = await ca.child()
    const { certificate, key } = await below.issue({ usage: 'client', uri: [reader] })
    return pki.present({ chain: certificate, key })
  }

  interface Refused {
    readonly what: string
    readonly client: () => Promise<ClientCredentials> | ClientCredentials
    readonly reason: string
    readonly hint: RegExp
  }

  const refused: readonly Refused[] = [
    {
      what: 'A14 no certificate',
      client: () => pki.trust,
      reason: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
      hint: /sent no certificate; give it one issued by a CA of .*ca\.crt/,
    },
    {
      what: 'A15 a certificate of another CA',
      client: ofAnother('Another CA'),
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      hint: /signed by a CA that is not in .*ca\.crt/,
    },
    {
      what: 'A15 a certificate of another CA of the same name',
      client: ofAnother(caName),
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      hint: /./,
    },
    {
      what: 'a certificate without its intermediate',
      client: ofIntermediate,
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      hint: /left out an intermediate/,
    },
    {
      what: 'A15 an expired certificate',
      client: async () => issue(past())(),
      reason: 'CERT_HAS_EXPIRED',
      hint: /has expired/,
    },
    {
      what: 'a certificate of the future',
      client: async () => issue(soon())(),
      reason: 'CERT_NOT_YET_VALID',
      hint: /not valid yet; compare the clocks/,
    },
    {
      what: 'A13 a certificate for servers only',
      client: issue({ usage: 'server' }),
      reason: 'INVALID_PURPOSE',
      hint: /not for clients: .*clientAuth/,
    },
  ]

  it.each(refused)('$what', async ({ client, reason, hint }) => {
    const server = await open()
    const { answer, end } = await attempt(server.url, { ...(await client()), bytes })
    expect(answer).toBe('')
    expect(end).toMatch(aborted)
    const event = await server.eventOf('handshake')
    expect(event).toMatchObject({ effect: 'deny', reason, hint: expect.stringMatching(hint) })
    expect(event.remoteAddress).toMatch(/127\.0\.0\.1|::1/)
    expect(event.principal).toBeUndefined()
    expect(server.events).toHaveLength(1)
    expect(server.calls).toEqual([])
  })

  it('says nothing to the client but a TLS alert where it sent no certificate', async () => {
    const server = await open()
    const { end } = await attempt(server.url, { ...pki.trust, bytes })
    expect(end).toMatch(/alert certificate required|^ECONNRESET|^EPIPE/)
  })

  it('reports plain HTTP on the TLS port', async () => {
    const server = await open()
    const plain = server.url.replace('https:', 'http:')
    await expect(fetch(plain, { method: 'POST', body: '{}' })).rejects.toThrow()
    expect(await server.eventOf('handshake')).toMatchObject({
      reason: 'ERR_SSL_HTTP_REQUEST',
      hint: expect.stringContaining('https://'),
    })
  })
})

describe('a certificate that gives no identity is answered 403', () => {
  const keyUsage = Buffer.from('03020284', 'hex')
  const refused: readonly {
    readonly what: string
    readonly request: Partial<CertificateRequest>
    readonly reason: string
    readonly hint: RegExp
  }[] = [
    {
      what: 'A12 a leaf that says CA:TRUE',
      request: {
        uri: [reader],
        extensions: [
          { oid: oid.basicConstraints, critical: true, value: Buffer.from('30030101ff', 'hex') },
          { oid: oid.keyUsage, critical: true, value: keyUsage },
        ],
      },
      reason: 'certificate-authority',
      hint: /belongs to a certificate authority/,
    },
    {
      what: 'A06 two SPIFFE IDs',
      request: { uri: [reader, 'spiffe://acme.test/agents/other'] },
      reason: 'spiffe-id',
      hint: /SPIFFE/,
    },
    {
      what: 'A06 a SPIFFE ID beside another URI',
      request: { uri: [reader, 'https://acme.test/reader'] },
      reason: 'spiffe-id',
      hint: /SPIFFE/,
    },
    {
      what: 'a SPIFFE ID in capitals',
      request: { uri: ['spiffe://ACME.test/agents/reader'] },
      reason: 'spiffe-id',
      hint: /./,
    },
    {
      what: 'A04 a common name only, with the option that would admit it',
      request: { cn: 'reader' },
      reason: 'no-identity',
      hint: /it has cn: admit it with the option identity: \['spiffe', 'uri', 'dns', 'cn'\]/,
    },
    {
      what: 'an e-mail address only, with the option that would admit it',
      request: { email: ['reader@acme.test'] },
      reason: 'no-identity',
      hint: /identity: \[.*'email'\]/,
    },
    {
      what: 'no name at all',
      request: {},
      reason: 'no-identity',
      hint: /no name of the kinds/,
    },
  ]

  it.each(refused)('$what', async ({ request, reason, hint }) => {
    const server = await open()
    const certificate = await pki.issue(request)
    const answer = await rawRequest(server.url, { certificate, ...call })
    expect(answer).toMatchObject({ status: 403, body: unauthenticated })
    expect(answer.headers).toMatchObject({
      connection: 'close',
      'cache-control': 'no-store',
      'content-type': 'application/json',
    })
    expect(await server.eventOf('authentication')).toMatchObject({
      effect: 'deny',
      reason,
      hint: expect.stringMatching(hint),
      method: 'POST',
      thumbprint: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(server.events).toHaveLength(1)
    expect(server.calls).toEqual([])
  })
})

describe('A32 an RSA key of 1024 bits', () => {
  it('is refused by the guard, and since Node 24 in the handshake', async () => {
    const server = await open()
    const certificate = await pki.issue({ uri: [reader], algorithm: 'rsa-1024' })
    // Else a newer client would not even offer it.
    const lax = { ...certificate, ciphers: 'DEFAULT@SECLEVEL=0' }
    const { answer } = await attempt(server.url, { ...lax, bytes })
    expect(answer).toMatch(/^($|HTTP\/1\.1 403 )/)
    await until(() => server.events.length > 0)
    expect(server.events).toHaveLength(1)
    expect(server.events[0]).toMatchObject({
      effect: 'deny',
      reason: expect.stringMatching(/^(weak-key|UNSPECIFIED)$/),
      hint: expect.stringMatching(/too weak|too short/),
    })
    expect(server.calls).toEqual([])
  })
})

describe('a certificate with an accepted name is a principal', () => {
  it.each([
    ['a SPIFFE ID', { uri: [reader] }, {}, `spiffe:${reader}`],
    ['a DNS name', { dns: ['agent.acme.test'] }, {}, 'dns:agent.acme.test'],
    [
      'a common name, where the option admits it',
      { cn: 'reader' },
      { identity: ['spiffe', 'cn'], policy: policyWithCommonName },
      'cn:reader',
    ],
  ] as const)('%s', async (_, request, guard, name) => {
    const server = await open({ guard })
    const certificate = await pki.issue(request)
    const answer = await rawRequest(server.url, { certificate, ...call })
    expect(answer).toMatchObject({ status: 200, json: foundFor(name) })
    expect(await server.eventOf('decision')).toMatchObject({
      effect: 'allow',
      principal: `default/${name}`,
      roles: ['reader'],
      rule: 'roles.reader.tools[0]',
    })
    expect(server.calls).toEqual(['search'])
  })
})

describe('TLS 1.2', () => {
  const old = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const

  it('A20 is refused by default, and the event names the option that admits it', async () => {
    const server = await open()
    const certificate = await pki.issue({ uri: [reader] })
    const { answer, end } = await attempt(server.url, { ...certificate, ...old, bytes })
    expect(answer).toBe('')
    expect(end).toMatch(/alert protocol version/)
    expect(await server.eventOf('handshake')).toMatchObject({
      reason: 'ERR_SSL_UNSUPPORTED_PROTOCOL',
      hint: expect.stringContaining("minVersion: 'TLSv1.2'"),
    })
  })

  it("A20 is admitted with minVersion 'TLSv1.2', with the same identity", async () => {
    const server = await open({ files: { ...pki.files, minVersion: 'TLSv1.2' } })
    const certificate = await pki.issue({ uri: [reader] })
    const { answer, protocol } = await attempt(server.url, { ...certificate, ...old, bytes })
    expect(protocol).toBe('TLSv1.2')
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toContain(`search for default/spiffe:${reader}`)
  })

  it('A20 refuses a client without certificate there too', async () => {
    const server = await open({ files: { ...pki.files, minVersion: 'TLSv1.2' } })
    const { answer, end } = await attempt(server.url, { ...pki.trust, ...old, bytes })
    expect(answer).toBe('')
    expect(end).toMatch(/alert handshake failure|^ECONNRESET|^EPIPE/)
    expect((await server.eventOf('handshake')).reason).toBe(
      'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
    )
  })
})

describe('a resumed session', () => {
  it('A16 keeps the identity of its handshake, whatever the client presents later', async () => {
    const server = await open()
    const certificate = await pki.issue({ uri: [reader] })
    const { session } = await attempt(server.url, { ...certificate, bytes })
    expect(session).toBeDefined()
    const stranger = await pki.issue({ uri: ['spiffe://acme.test/agents/stranger'] })
    for (const client of [certificate, stranger, pki.trust]) {
      const again = await attempt(server.url, { ...client, session: session!, bytes })
      expect(again.resumed).toBe(true)
      expect(again.answer).toContain(`search for default/spiffe:${reader}`)
    }
  })

  it('A16 gives a client that was refused nothing to resume', async () => {
    const server = await open()
    const stranger = pki.present(
      await (await createCertificateAuthority()).issue({ usage: 'client', uri: [reader] }),
    )
    for (const client of [pki.trust, stranger]) {
      const { session } = await attempt(server.url, { ...client, bytes })
      const again = await attempt(server.url, { ...client, ...(session && { session }), bytes })
      expect(again).toMatchObject({ answer: '', resumed: false })
    }
    expect(server.events.map(({ type }) => type)).not.toContain('decision')
    expect(server.calls).toEqual([])
  })

  it('A16 that never held a certificate is ended before HTTP, and reported', async () => {
    const ticketKeys = randomBytes(48)
    let sessionIdContext = ''
    const server = await open({
      // A listener of the same process that shares its ticket keys and asks nobody for a certificate.
      start: (setup) => {
        const createServer: typeof setup.tls.createServer = (listener) => {
          const one = setup.tls.createServer(listener)
          one.setTicketKeys(ticketKeys)
          return one
        }
        sessionIdContext = String(setup.tls.options.sessionIdContext)
        return startNode({ ...setup, tls: withCreateServer(setup.tls, createServer) })
      },
    })
    const stranger = await openListener({ ticketKeys, sessionIdContext })
    const { session, answer } = await attempt(stranger, { ...pki.trust, bytes })
    expect(answer).toContain('open to all')
    const again = await attempt(server.url, { ...pki.trust, session: session!, bytes })
    expect(again.answer).toBe('')
    expect(await server.eventOf('handshake')).toMatchObject({
      effect: 'deny',
      reason: expect.stringMatching(
        /^(ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE|UNABLE_TO_GET_ISSUER_CERT)$/,
      ),
      hint: expect.stringMatching(/resumed (a )?session/),
    })
    expect(server.calls).toEqual([])
  })
})

describe('a kept-alive connection', () => {
  it('serves every request as the same principal over HTTP/1.1', async () => {
    const server = await open()
    const certificate = await pki.issue({ uri: [reader] })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
    onTestFinished(() => agent.destroy())
    for (const connection of [false, true, true]) {
      const answer = await rawRequest(server.url, { certificate, agent, ...call })
      expect(answer).toMatchObject({ status: 200, reused: { connection } })
      expect(answer.json).toMatchObject(foundFor(`spiffe:${reader}`))
    }
    const principals = server.events.map((event) => event.principal)
    expect(principals).toEqual(Array(3).fill(`default/spiffe:${reader}`))
  })

  it('A09 serves and refuses over HTTP/2 as over HTTP/1.1', async () => {
    const server = await open({ http2: true })
    const certificate = await pki.issue({ uri: [reader] })
    const admitted = await rawHttp2Request(server.url, { certificate, ...call })
    expect(admitted).toMatchObject({ status: 200, json: foundFor(`spiffe:${reader}`) })
    const nameless = await pki.issue({ cn: 'reader' })
    const refused = await rawHttp2Request(server.url, { certificate: nameless, ...call })
    expect(refused).toMatchObject({ status: 403, body: unauthenticated })
    expect(refused.headers.connection).toBeUndefined()
    expect((await server.eventOf('authentication')).reason).toBe('no-identity')
    await expect(rawHttp2Request(server.url, { certificate: pki.trust, ...call })).rejects.toThrow()
    expect((await server.eventOf('handshake')).hint).toContain('sent no certificate')
  })
})

describe('A22 a certificate that expires while its connection is open', () => {
  // The validity of a certificate has whole seconds, both ends included.
  async function issueShortLived() {
    const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3000)
    const certificate = await pki.issue({ uri: [reader], notAfter })
    return { certificate, untilExpired: () => sleep(notAfter.getTime() - Date.now() + 100) }
  }

  it('is refused from then on over HTTP/1.1, resumed or not, and the connection closed', async () => {
    const server = await open()
    const { certificate, untilExpired } = await issueShortLived()
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
    onTestFinished(() => agent.destroy())
    const send = () => rawRequest(server.url, { certificate, agent, ...call })
    expect((await send()).status).toBe(200)
    const { session } = await attempt(server.url, { ...certificate, bytes })
    await untilExpired()
    // Idle connections of such peers are closed too: it may be gone already, and the next handshake refused.
    const refused = await send().catch(() => undefined)
    if (refused !== undefined) {
      expect(refused).toMatchObject({
        status: 403,
        body: unauthenticated,
        headers: { connection: 'close' },
      })
      expect(await server.eventOf('authentication')).toMatchObject({
        effect: 'deny',
        reason: 'expired',
        hint: expect.stringContaining('certificate was valid until'),
      })
    }
    const resumed = await attempt(server.url, { ...certificate, session: session!, bytes })
    expect(resumed.answer).not.toContain('200 OK')
    await expect(rawRequest(server.url, { certificate, ...call })).rejects.toThrow()
    expect((await server.eventOf('handshake')).reason).toBe('CERT_HAS_EXPIRED')
    expect(server.calls).toEqual(['search', 'search'])
  })

  it('is refused from then on over HTTP/2, and the session closed', async () => {
    const server = await open({ http2: true })
    const { certificate, untilExpired } = await issueShortLived()
    const session = connectHttp2(new URL(server.url).origin, certificate)
    session.on('error', () => {})
    onTestFinished(() => session.destroy())
    const send = async () => {
      const stream = session.request({ ...call.headers, ':method': 'POST', ':path': '/mcp' })
      // A stream that ends with its session has neither an answer nor an error.
      const ended = once(stream, 'close').then(() => [])
      stream.end(call.body)
      const [headers] = await Promise.race([once(stream, 'response'), ended])
      return headers && { status: headers[':status'], body: await text(stream) }
    }
    expect((await send())?.status).toBe(200)
    await untilExpired()
    // As over HTTP/1.1: the session may be closed already, or be reset while this is under way.
    const refused = await send().catch(() => undefined)
    if (refused !== undefined) {
      expect(refused).toEqual({ status: 403, body: unauthenticated })
      expect(await server.eventOf('authentication')).toMatchObject({ reason: 'expired' })
    }
    await expect.poll(() => session.destroyed).toBe(true)
    expect(server.calls).toEqual(['search'])
  })
})

/** The source with another `createServer`. */
function withCreateServer(tls: TlsSource, createServer: TlsSource['createServer']): TlsSource {
  return Object.create(tls, { createServer: { value: createServer } }) as TlsSource
}

/** A listener with this server's certificate that lets everyone in. */
async function openListener(options: ServerOptions): Promise<string> {
  const cert = await readFile(pki.files.cert)
  const key = await readFile(pki.files.key)
  const server = createServer({ ...options, cert, key }, (_, res) => res.end('open to all'))
  server.listen(0, 'localhost')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `https://localhost:${(server.address() as AddressInfo).port}/`
}
