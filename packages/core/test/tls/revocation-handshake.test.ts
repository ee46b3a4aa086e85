import { createServer as createHttpServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createRevocationList,
  type RevocationListRequest,
} from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TlsMaterialError } from '../../src/errors.js'
import type { HandshakeRefusal } from '../../src/tls/handshake-refusal.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createCertificateFiles, issueClient } from './certificate-files.js'
import { exchange, get, getHttp2, listen } from './exchange.js'

const day = 86_400_000
const past = { thisUpdate: new Date(Date.now() - 3 * day), nextUpdate: new Date(Date.now() - day) }

/** A root, an intermediate below it, another root, and a client of each. */
async function createWorld() {
  const files = await createCertificateFiles()
  const root = files.ca
  const intermediate = await root.child({ name: 'Intermediate' })
  const other = await createCertificateAuthority({ name: 'Other CA' })
  const clients = {
    root: await issueClient(root),
    intermediate: await issueClient(intermediate),
    other: await issueClient(other),
  }
  return { files, cas: { root, intermediate, other }, clients }
}

type World = Awaited<ReturnType<typeof createWorld>>
type Name = keyof World['cas']

interface Row {
  readonly row: string
  /** The CAs of the one authority. */
  readonly anchors?: readonly Name[]
  /** The CRL file. */
  readonly crl: (world: World) => Promise<string | Buffer>
  readonly client?: Name
  /** `ok`, OpenSSL's reason, or what the error of the load says. */
  readonly expected: string
}

const list = (ca: CertificateAuthority, request?: RevocationListRequest): Promise<string> =>
  createRevocationList(ca, request)
const empty =
  (...names: readonly Name[]): Row['crl'] =>
  async ({ cas }) =>
    (await Promise.all(names.map((name) => list(cas[name])))).join('')
const listing =
  (name: Name, request?: RevocationListRequest): Row['crl'] =>
  ({ cas, clients }) =>
    list(cas[name], { ...request, revoked: [clients[name].cert] })
const joined =
  (...parts: readonly Row['crl'][]): Row['crl'] =>
  async (world) =>
    (await Promise.all(parts.map((part) => part(world)))).join('')
const toDer = (pem: string): Buffer => Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')

const both: readonly Name[] = ['root', 'intermediate']
const rows: readonly Row[] = [
  { row: 'a CRL that does not list the client', crl: empty('root'), expected: 'ok' },
  { row: 'a CRL that lists the client', crl: listing('root'), expected: 'CERT_REVOKED' },
  {
    row: 'CRLs of root and intermediate',
    anchors: both,
    crl: empty('root', 'intermediate'),
    client: 'intermediate',
    expected: 'ok',
  },
  {
    row: 'an intermediate that lists the client',
    anchors: both,
    crl: joined(empty('root'), listing('intermediate')),
    client: 'intermediate',
    expected: 'CERT_REVOKED',
  },
  {
    row: 'a root that lists the intermediate',
    anchors: both,
    crl: joined(
      ({ cas }) => list(cas.root, { revoked: [cas.intermediate.certificate] }),
      empty('intermediate'),
    ),
    client: 'intermediate',
    expected: 'CERT_REVOKED',
  },
  {
    row: 'a CRL of the root alone',
    anchors: both,
    crl: empty('root'),
    client: 'intermediate',
    expected: 'there is no CRL of CN=Intermediate',
  },
  {
    row: 'a CRL of the intermediate alone',
    anchors: both,
    crl: empty('intermediate'),
    client: 'intermediate',
    expected: 'there is no CRL of CN=Test CA',
  },
  {
    row: 'an intermediate that only the client has',
    crl: empty('root'),
    client: 'intermediate',
    expected: 'UNABLE_TO_GET_CRL',
  },
  {
    row: 'two CAs and a CRL of one',
    anchors: ['root', 'other'],
    crl: empty('root'),
    client: 'other',
    expected: 'there is no CRL of CN=Other CA',
  },
  {
    row: 'two CAs and a CRL of each',
    anchors: ['root', 'other'],
    crl: empty('root', 'other'),
    client: 'other',
    expected: 'ok',
  },
  { row: 'an expired CRL', crl: ({ cas }) => list(cas.root, past), expected: 'CRL_HAS_EXPIRED' },
  {
    row: 'a CRL of the future',
    crl: ({ cas }) => list(cas.root, { thisUpdate: new Date(Date.now() + day) }),
    expected: 'is not valid before',
  },
  {
    row: 'a forged CRL',
    crl: async () => list(await createCertificateAuthority({ name: 'Test CA' })),
    expected: 'bears the name of CN=Test CA, but no CA',
  },
  {
    row: 'an old CRL, then one that lists the client',
    crl: joined(
      ({ cas }) => list(cas.root, { thisUpdate: new Date(Date.now() - day) }),
      listing('root'),
    ),
    expected: 'CERT_REVOKED',
  },
  {
    row: 'a CRL that lists the client, then an old one',
    crl: joined(listing('root'), ({ cas }) =>
      list(cas.root, { thisUpdate: new Date(Date.now() - day) }),
    ),
    expected: 'CERT_REVOKED',
  },
  {
    row: 'an expired CRL that lists the client, and a fresh one',
    crl: joined(listing('root', past), empty('root')),
    expected: 'ok',
  },
  {
    row: 'DER',
    crl: async (world) => toDer(String(await listing('root')(world))),
    expected: 'CERT_REVOKED',
  },
  {
    row: 'DER that is cut off',
    crl: async ({ cas }) => toDer(await list(cas.root)).subarray(0, -9),
    expected: 'not a CRL, or cut off',
  },
  { row: 'an empty file', crl: async () => '', expected: 'the file is empty' },
  {
    row: 'several CRLs of which the last lists the client',
    anchors: ['other', 'root'],
    crl: joined(empty('other'), listing('root')),
    expected: 'CERT_REVOKED',
  },
]

describe('a server with CRLs', () => {
  it.each(rows)(
    'A29 $row: $expected',
    async ({ anchors = ['root'], crl, client = 'root', expected }) => {
      const world = await createWorld()
      const { files, cas, clients } = world
      const bundle = anchors.map((name) => cas[name].certificate).join('')
      const options = {
        ...files.options,
        ca: await files.write('bundle.crt', bundle),
        crl: await files.write('list.crl', await crl(world)),
      }
      const outcome = await connect(options, { ...clients[client], ca: cas.root.certificate })
      expect(outcome).toContain(expected)
    },
  )

  it('A29 refuses an empty list of CRLs', async () => {
    const { files } = await createWorld()
    await expect(tlsFromFiles({ ...files.options, crl: [] })).rejects.toThrow('empty list')
  })

  it('A29 goes on with a stale CRL where it is told to, and still refuses whom it lists', async () => {
    const world = await createWorld()
    const { files, cas, clients } = world
    const good = { ...(await issueClient(cas.root)), ca: cas.root.certificate }
    const crl = await files.write('list.crl', await listing('root', past)(world))
    const options = { ...files.options, crl, onStaleCrl: 'keep' as const }
    expect(await connect(options, good)).toBe('ok')
    expect(await connect(options, { ...clients.root, ca: cas.root.certificate })).toBe(
      'CERT_REVOKED',
    )
  })

  it('A29 leaves the clients of an authority without CRLs alone', async () => {
    const world = await createWorld()
    const { files, cas, clients } = world
    const crl = await files.write('list.crl', await listing('root')(world))
    const { cert, key } = files.options
    const authorities = {
      own: { ca: files.options.ca, crl },
      partner: { ca: await files.write('other.crt', cas.other.certificate) },
    }
    const trust = { ca: cas.root.certificate }
    const options = { cert, key, authorities }
    expect(await connect(options, { ...clients.other, ...trust })).toBe('ok')
    expect(await connect(options, { ...clients.root, ...trust })).toBe('CERT_REVOKED')
    expect(await connect(options, { ...clients.intermediate, ...trust })).toBe('UNABLE_TO_GET_CRL')
  })

  it('says to the operator what is wrong', async () => {
    const world = await createWorld()
    const crl = await world.files.write('list.crl', await listing('root')(world))
    const { port, refusals } = await start({ ...world.files.options, crl })
    await get(port, { ...world.clients.root, ca: world.cas.root.certificate })
    await vi.waitFor(() => expect(refusals).toHaveLength(1), 10_000)
    expect(refusals[0]).toEqual({
      reason: 'CERT_REVOKED',
      hint: "a CRL lists the client's certificate, or a CA above it",
      remoteAddress: '127.0.0.1',
      remotePort: expect.any(Number),
    })
  })
})

describe('a server with CRLs at a URL', () => {
  it('refuses whom the newest lists, on reload at once, and goes on while the CRL server is away', async () => {
    const { files, cas, clients } = await createWorld()
    const state = {
      status: 200,
      body: await list(cas.root, { thisUpdate: new Date(Date.now() - day) }),
    }
    const crlServer = createHttpServer((_, response) => {
      response.writeHead(state.status).end(state.body)
    })
    const crl = `http://127.0.0.1:${await listen(crlServer)}/ca.crl`
    const { tls, port } = await start({ ...files.options, crl })
    const client = { ...clients.root, ca: cas.root.certificate }
    const other = { ...(await issueClient(cas.root, 'other')), ca: cas.root.certificate }
    expect(await get(port, client)).toBe('ok')
    state.body = await list(cas.root, { revoked: [clients.root.cert] })
    await tls.reload()
    expect(await get(port, client)).not.toBe('ok')
    state.status = 503
    await expect(tls.reload()).rejects.toThrow(`${crl}: the CRL server answered 503.`)
    expect(await get(port, client)).not.toBe('ok')
    expect(await get(port, other)).toBe('ok')
  })

  it('does not start where there is no CRL to be had', async () => {
    const { files } = await createWorld()
    const closed = createHttpServer()
    const port = await listen(closed)
    closed.close()
    const crl = `http://127.0.0.1:${port}/ca.crl`
    await expect(tlsFromFiles({ ...files.options, crl })).rejects.toThrow('cannot be reached')
  })
})

describe('a session that is resumed', () => {
  it('A18 is refused once a CRL lists its certificate', async () => {
    const { files, cas, clients } = await createWorld()
    const crl = await files.write(
      'list.crl',
      await list(cas.root, { thisUpdate: new Date(Date.now() - day) }),
    )
    const { tls, port } = await start({ ...files.options, crl })
    const client = { ...clients.root, ca: cas.root.certificate }
    const first = await exchange(port, client)
    expect(first.answer).toMatch(/^HTTP\/1\.1 200/)
    const again = await exchange(port, { ...client, session: first.session as Buffer })
    expect(again).toMatchObject({ resumed: true, answer: expect.stringMatching(/^HTTP\/1\.1 200/) })
    await files.write('list.crl', await list(cas.root, { revoked: [clients.root.cert] }))
    await tls.reload()
    const after = await exchange(port, { ...client, session: again.session as Buffer })
    expect(after).toMatchObject({ resumed: false, answer: '' })
    expect(tls.epoch).toBe(1)
  })

  it('A18 is refused once its CRL is stale, which OpenSSL does not ask again', async () => {
    const { files, cas, clients } = await createWorld()
    const nextUpdate = new Date(Date.now() + 60_000)
    const crl = await files.write('list.crl', await list(cas.root, { nextUpdate }))
    const { port, refusals } = await start({ ...files.options, crl })
    const client = { ...clients.root, ca: cas.root.certificate }
    const { session } = await exchange(port, client)
    vi.spyOn(Date, 'now').mockReturnValue(nextUpdate.getTime())
    onTestFinished(() => {
      vi.restoreAllMocks()
    })
    expect(await exchange(port, { ...client, session: session as Buffer })).toMatchObject({
      resumed: true,
      answer: '',
    })
    await vi.waitFor(() => expect(refusals).toHaveLength(1), 10_000)
    expect(refusals[0]).toMatchObject({
      reason: 'UNABLE_TO_GET_CRL',
      hint: expect.stringMatching(/^the CRL of CN=Test CA is valid from /),
    })
  })
})

describe('a server with a deny list', () => {
  it('refuses a certificate it names before HTTP sees the connection, and takes it back on reload', async () => {
    const { files, cas } = await createWorld()
    const issued = await cas.root.issue({ usage: 'client', uri: ['spiffe://acme.test/reader'] })
    const client = { cert: issued.chain, key: issued.key, ca: cas.root.certificate }
    const denyList = await files.write('deny.txt', 'spiffe spiffe://acme.test/reader\n')
    const { tls, port, refusals, requests } = await start({ ...files.options, denyList })
    const { session } = await exchange(port, client)
    expect(await get(port, client)).not.toBe('ok')
    await vi.waitFor(() => expect(refusals).toHaveLength(2), 10_000)
    expect(refusals[0]).toMatchObject({
      reason: 'CERT_REVOKED',
      hint: 'certificate is on the deny list',
    })
    expect([session, requests]).toEqual([undefined, []])
    await files.write('deny.txt', '# nobody\n')
    await tls.reload()
    expect(await get(port, client)).toBe('ok')
  })

  it('refuses over HTTP/2 and on a server of the application, too', async () => {
    const { files, cas } = await createWorld()
    const client = { ...(await issueClient(cas.root, 'denied')), ca: cas.root.certificate }
    const denyList = await files.write('deny.txt', 'cn denied\n')
    const tls = await tlsFromFiles({ ...files.options, denyList })
    onTestFinished(tls.close)
    const answer = vi.fn()
    const http2 = await listen(tls.attach(createSecureServer({ ...tls.options }, answer)))
    const own = await listen(tls.attach(createServer({ ...tls.options }, answer)))
    expect(await getHttp2(http2, client)).not.toBe('ok')
    expect(await get(own, client)).not.toBe('ok')
    expect(answer).not.toHaveBeenCalled()
  })

  it('keeps the list in force when the new one is broken or empty', async () => {
    const { files, cas } = await createWorld()
    const client = { ...(await issueClient(cas.root, 'denied')), ca: cas.root.certificate }
    const denyList = await files.write('deny.txt', 'cn denied\n')
    const { tls, port } = await start({ ...files.options, denyList })
    for (const text of ['', 'cn deni', 'name denied\n']) {
      await files.write('deny.txt', text)
      await expect(tls.reload()).rejects.toThrow(TlsMaterialError)
      expect(await get(port, client)).not.toBe('ok')
    }
  })
})

async function start(options: Parameters<typeof tlsFromFiles>[0]) {
  const tls = await tlsFromFiles(options)
  onTestFinished(tls.close)
  const refusals: HandshakeRefusal[] = []
  tls.on('refused', (refusal) => refusals.push(refusal))
  const requests: unknown[] = []
  const server = tls.createServer((request, response) => {
    requests.push(request.url)
    response.end('ok')
  })
  return { tls, refusals, requests, port: await listen(server) }
}

/** `ok`, the reason of the refusal, or the error of the load. */
async function connect(
  options: Parameters<typeof tlsFromFiles>[0],
  client: { readonly cert: string; readonly key: string; readonly ca: string },
): Promise<string> {
  try {
    const { port, refusals } = await start(options)
    const answer = await get(port, client)
    if (answer === 'ok') return answer
    await vi.waitFor(() => expect(refusals).toHaveLength(1), 10_000)
    return refusals[0]?.reason ?? ''
  } catch (error) {
    if (error instanceof TlsMaterialError) return error.message
    throw error
  }
}
