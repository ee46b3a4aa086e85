import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import { createConnections } from '../../src/guard/connections.js'
import type { Authority } from '../../src/identity/authority.js'
import type { PeerCertificate } from '../../src/identity/peer-certificate.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { createCertificateFiles } from '../tls/certificate-files.js'
import { spiffeId } from './stage.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const forever = Number.POSITIVE_INFINITY

/** What a TLS source says of a connection; tests change it between requests. */
interface Saying {
  epoch: number
  madeAt: number
  isAttached: boolean
  authorities: readonly Authority[]
  isEmpty: boolean
  readonly verify: ReturnType<typeof vi.fn<() => number>>
}

/** One client that keeps its connection, and what is made of the certificate on it. */
async function open(withSource = true) {
  const files = await createCertificateFiles()
  const tls = await tlsFromFiles(files.options)
  const saying: Saying = {
    ...{ epoch: 1, madeAt: 1, isAttached: true, authorities: tls.authorities, isEmpty: true },
    verify: vi.fn(() => forever),
  }
  const source = {
    get epoch() {
      return saying.epoch
    },
    get authorities() {
      return saying.authorities
    },
    get revocation() {
      return { isEmpty: saying.isEmpty, verify: saying.verify }
    },
    isAttached: () => saying.isAttached,
    epochOf: () => saying.madeAt,
  } as unknown as TlsSource
  const connections = createConnections(withSource ? source : undefined)
  const read = (req: IncomingMessage): unknown => {
    try {
      return connections.certificate(req)
    } catch (error) {
      return error
    }
  }
  const said: unknown[] = []
  const server = tls.createServer((req, res) => {
    said.push(read(req))
    res.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(async () => {
    agent.destroy()
    server.close()
    await tls.close()
  })
  const client = await files.ca.issue({ usage: 'client', uri: [spiffeId] })
  const { port } = server.address() as AddressInfo
  const ask = async (): Promise<unknown> => {
    const outgoing = request({
      ...{ host: '127.0.0.1', servername: 'localhost', port, agent },
      ...{ cert: client.chain, key: client.key, ca: files.ca.certificate },
    }).end()
    const [response] = await once(outgoing, 'response')
    await once(response.resume(), 'end')
    return said.at(-1)
  }
  const lapsed = () => [...connections.lapsed()].filter((one) => one !== undefined)
  return { ask, saying, lapsed, agent }
}

const good = { spiffeId: { trustDomain: 'acme.test' }, authority: 'default' }
const refused = (reason: string) => ({ name: 'CertificateError', reason })

async function strangers(): Promise<readonly Authority[]> {
  const { options } = await createCertificateFiles()
  const other = await tlsFromFiles(options)
  await other.close()
  return other.authorities
}

describe('the certificate of a connection', () => {
  it('is read once', async () => {
    const { ask, saying, lapsed } = await open()
    const first = await ask()
    expect(first).toMatchObject(good)
    expect(await ask()).toBe(first)
    expect(lapsed()).toEqual([])
    expect(saying.verify).not.toHaveBeenCalled()
  })

  it('belongs to the one authority called default where the application owns its TLS', async () => {
    const { ask, saying, lapsed } = await open(false)
    saying.isAttached = false
    expect(await ask()).toMatchObject(good)
    expect(lapsed()).toEqual([])
  })

  it('is not taken from a server that is not attached to the source', async () => {
    const { ask, saying } = await open()
    saying.isAttached = false
    expect(await ask()).toMatchObject({
      ...{ name: 'RequestError', status: 503 },
      message: expect.stringContaining('is not attached to the TLS source'),
    })
    saying.isAttached = true
    expect(await ask()).toMatchObject(good)
  })

  it('A22 lapses with its time', async () => {
    const { ask, lapsed } = await open()
    const { notAfter } = (await ask()) as PeerCertificate
    const clock = vi.spyOn(Date, 'now').mockReturnValue(notAfter + 1_000)
    expect(lapsed()).toHaveLength(1)
    expect(await ask()).toMatchObject(refused('expired'))
    clock.mockRestore()
    expect(lapsed()).toEqual([])
  })

  it('is forgotten when the connection closes', async () => {
    const { ask, lapsed, agent } = await open()
    const { notAfter } = (await ask()) as PeerCertificate
    const clock = vi.spyOn(Date, 'now').mockReturnValue(notAfter + 1_000)
    expect(lapsed()).toHaveLength(1)
    agent.destroy()
    await vi.waitFor(() => expect(lapsed()).toEqual([]), 10_000)
    clock.mockRestore()
  })
})

describe('the trust in a certificate', () => {
  it('A22 is asked again when authorities are replaced, and only then', async () => {
    const { ask, saying, lapsed } = await open()
    const first = await ask()
    saying.authorities = await strangers()
    expect(await ask()).toBe(first)
    saying.epoch = 2
    expect(lapsed()).toHaveLength(1)
    expect(await ask()).toMatchObject({ name: 'CertificateError' })
  })

  it('A22 outlives a replacement that keeps its authority', async () => {
    const { ask, saying, lapsed } = await open()
    const first = await ask()
    saying.epoch = 2
    saying.authorities = [...saying.authorities]
    expect(await ask()).toBe(first)
    expect(lapsed()).toEqual([])
  })

  it('A22 of a handshake made before the authorities in force is not taken over from it', async () => {
    const { ask, saying } = await open()
    saying.epoch = 2
    saying.authorities = await strangers()
    // Node 24 does not show what the peer sent beside its own certificate.
    const reason = expect.stringMatching(/^(unknown-authority|chain-unavailable)$/)
    expect(await ask()).toMatchObject({ name: 'CertificateError', reason })
  })

  it('of a handshake made before is taken where the authority still vouches', async () => {
    const { ask, saying } = await open()
    saying.epoch = 2
    expect(await ask()).toMatchObject(good)
  })
})

describe('the revocation of a certificate', () => {
  it('A22 is asked at the first request, and not again for as long as the answer holds', async () => {
    const { ask, saying } = await open()
    saying.isEmpty = false
    await ask()
    await ask()
    expect(saying.verify).toHaveBeenCalledOnce()
    saying.epoch = 2
    await ask()
    expect(saying.verify).toHaveBeenCalledTimes(2)
  })

  it('A22 is asked again when what was said has run out', async () => {
    const { ask, saying, lapsed } = await open()
    const until = Date.now() + 60_000
    saying.isEmpty = false
    saying.verify.mockImplementation(() => until)
    await ask()
    await ask()
    const clock = vi.spyOn(Date, 'now').mockReturnValue(until - 1)
    expect(lapsed()).toEqual([])
    expect(saying.verify).toHaveBeenCalledTimes(1)
    clock.mockReturnValue(until)
    expect(lapsed()).toEqual([])
    expect(saying.verify).toHaveBeenCalledTimes(2)
  })

  it('A22 ends what the connection was good for', async () => {
    const { ask, saying, lapsed } = await open()
    await ask()
    saying.isEmpty = false
    saying.epoch = 2
    saying.verify.mockImplementation(() => {
      throw new CertificateError('revoked', 'is on the list')
    })
    expect(lapsed()).toHaveLength(1)
    expect(await ask()).toMatchObject(refused('revoked'))
    expect(await ask()).toMatchObject(refused('revoked'))
  })

  it('that cannot be asked refuses requests, and closes nothing', async () => {
    const { ask, saying, lapsed } = await open()
    await ask()
    saying.isEmpty = false
    saying.epoch = 2
    const failure = new TypeError('not foreseen')
    saying.verify.mockImplementation(() => {
      throw failure
    })
    expect(lapsed()).toEqual([])
    expect(await ask()).toBe(failure)
  })
})
