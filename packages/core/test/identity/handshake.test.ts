import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type tls from 'node:tls'
import {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
  type IssuedCertificate,
} from '@mcp-mtls/authority'
import { afterAll, describe, expect, it } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import type { Authority } from '../../src/identity/authority.js'
import { assertStillValid, readPeerCertificate } from '../../src/identity/read-peer-certificate.js'
import { ca, caTrue, keyUsageValue, oid, resign, sequence, toX509 } from './certificates.js'

const server = await ca.issue({ usage: 'server', cn: 'localhost', dns: ['localhost'] })
const closing: (() => void)[] = []
afterAll(() => {
  for (const close of closing) close()
})

/** Every request is answered with what the socket's identity is read as. */
function answer(authorities: readonly Authority[]) {
  return (req: { socket: unknown }, res: { end: (body: string) => void }) => {
    res.end(describeSocket(req.socket, authorities))
  }
}

function describeSocket(socket: unknown, authorities: readonly Authority[]): string {
  try {
    const certificate = readPeerCertificate(socket, authorities)
    assertStillValid(socket, certificate, Date.now())
    return `${certificate.authority}: ${certificate.subject.text || certificate.names.uri.join()}`
  } catch (error) {
    if (!(error instanceof CertificateError)) return `escaped: ${error}`
    return error.reason === 'not-authorized' ? error.message : error.reason
  }
}

function authority(
  name: string,
  one: CertificateAuthority,
  trustDomains: readonly string[] = [],
): Authority {
  return { name, anchors: [toX509(one.certificate)], trustDomains }
}

/** Options of a server that lets everyone in, so that every verdict is the library's. */
function serverOptions(cas: readonly CertificateAuthority[]) {
  return {
    cert: server.certificate,
    key: server.key,
    ca: cas.map((one) => one.certificate),
    requestCert: true,
    rejectUnauthorized: false,
  }
}

async function listen(one: http.Server | https.Server | http2.Http2SecureServer): Promise<number> {
  one.listen(0, '127.0.0.1')
  await once(one, 'listening')
  closing.push(() => one.close())
  return (one.address() as AddressInfo).port
}

async function startHttps(
  cas: readonly CertificateAuthority[],
  authorities: readonly Authority[],
): Promise<number> {
  return listen(https.createServer(serverOptions(cas), answer(authorities)))
}

async function askHttps(
  port: number,
  client?: Pick<IssuedCertificate, 'chain' | 'key'>,
  more: tls.SecureContextOptions = {},
): Promise<string> {
  const request = https.get({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: ca.certificate,
    agent: false,
    ...(client && { cert: client.chain, key: client.key }),
    ...more,
  })
  const [response] = await once(request, 'response')
  return readAll(response)
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

describe('one authority', async () => {
  const port = await startHttps([ca], [authority('default', ca)])
  const issue = (request: Partial<CertificateRequest>) => ca.issue({ usage: 'client', ...request })

  it('reads the certificate of a client, on TLS 1.3 and 1.2', async () => {
    const client = await issue({ cn: 'x' })
    expect(await askHttps(port, client)).toBe('default: CN=x')
    expect(await askHttps(port, client, { maxVersion: 'TLSv1.2' })).toBe('default: CN=x')
  })

  it('A05 reads an X.509-SVID without subject', async () => {
    const client = await issue({ uri: ['spiffe://td/a'] })
    expect(await askHttps(port, client)).toBe('default: spiffe://td/a')
  })

  it('A14 A15 refuses a client without certificate, of another CA, and with an expired one', async () => {
    const stranger = await createCertificateAuthority()
    expect(await askHttps(port)).toBe('no-certificate')
    expect(await askHttps(port, await stranger.issue({ usage: 'client', cn: 'x' }))).toContain(
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    )
    const expired = await issue({
      cn: 'x',
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 3_600_000),
    })
    expect(await askHttps(port, expired)).toContain('CERT_HAS_EXPIRED')
  })

  it('A12 refuses a CA certificate that OpenSSL authorizes as a client', async () => {
    const client = await issue({
      cn: 'x',
      extensions: [
        { oid: oid.basicConstraints, critical: true, value: caTrue },
        { oid: oid.keyUsage, critical: true, value: keyUsageValue(0x84) },
      ],
    })
    expect(await askHttps(port, client)).toBe('certificate-authority')
  })

  const any = Buffer.from('0604551d2500', 'hex')
  it.each([
    ['extended key usage of a server', { usage: 'server' }],
    ['any extended key usage', { extensions: [{ oid: oid.extKeyUsage, value: sequence(any) }] }],
    [
      'key usage without signatures',
      { extensions: [{ oid: oid.keyUsage, critical: true, value: keyUsageValue(0x20) }] },
    ],
  ] as const)('A13 refuses %s, and so does OpenSSL', async (_, request) => {
    expect(await askHttps(port, await issue({ cn: 'x', ...request }))).toContain('INVALID_PURPOSE')
  })

  it('A13 refuses key agreement without signatures, which OpenSSL authorizes', async () => {
    const value = keyUsageValue(0x08)
    const extensions = [{ oid: oid.keyUsage, critical: true, value }]
    expect(await askHttps(port, await issue({ cn: 'x', extensions }))).toBe('key-usage')
  })

  it('A32 refuses an RSA key of 1024 bits', async () => {
    const client = await issue({ cn: 'x', algorithm: 'rsa-1024' })
    // Security level 0, so that OpenSSL itself lets such a key through.
    const options = { ...serverOptions([ca]), ciphers: 'DEFAULT@SECLEVEL=0' }
    const weak = await listen(https.createServer(options, answer([authority('default', ca)])))
    expect(await askHttps(weak, client, { ciphers: 'DEFAULT@SECLEVEL=0' })).toBe('weak-key')
  })

  it('A07 refuses a second subject alternative name extension and an unknown critical one', async () => {
    const names = { oid: oid.subjectAltName, value: sequence(Buffer.from([0x82, 1, 0x61])) }
    const twice = await issue({ cn: 'x', extensions: [names, names] })
    const unknown = await issue({
      cn: 'x',
      extensions: [{ oid: '1.2.3.4', critical: true, value: sequence() }],
    })
    expect(await askHttps(port, twice)).toMatch(/not authorize|malformed/)
    expect(await askHttps(port, unknown)).toMatch(/not authorize|malformed/)
  })

  it('A02 refuses names in BER that OpenSSL authorizes', async () => {
    const value = Buffer.from('30808201610000', 'hex')
    const client = await issue({ cn: 'x', extensions: [{ oid: oid.subjectAltName, value }] })
    expect(await askHttps(port, client)).toBe('malformed')
  })
})

describe('kinds of connection', () => {
  const authorities = [authority('default', ca)]

  it('A10 finds no TLS on a plain HTTP server', async () => {
    const port = await listen(http.createServer(answer(authorities)))
    const [response] = await once(http.get({ host: '127.0.0.1', port, agent: false }), 'response')
    expect(await readAll(response)).toBe('no-tls')
  })

  it('A09 reads the same identity over HTTP/2, from the request and from the session', async () => {
    const client = await ca.issue({ usage: 'client', cn: 'x' })
    const seen: string[] = []
    const after: string[] = []
    const one = http2.createSecureServer(
      { ...serverOptions([ca]), allowHTTP1: true },
      (req, res) => {
        seen.push(describeSocket(req.socket, authorities))
        if (req.httpVersion === '2.0')
          seen.push(describeSocket(req.stream.session?.socket, authorities))
        res.on('close', () =>
          setImmediate(() => after.push(describeSocket(req.socket, authorities))),
        )
        res.end()
      },
    )
    const port = await listen(one)
    const options = {
      ca: ca.certificate,
      cert: client.chain,
      key: client.key,
      servername: 'localhost',
    }
    const session = http2.connect(`https://127.0.0.1:${port}`, options)
    const stream = session.request({ ':path': '/' })
    await readAll(stream)
    await new Promise((resolve) => session.close(() => resolve(undefined)))
    await askHttps(port, client)
    expect(seen).toEqual(['default: CN=x', 'default: CN=x', 'default: CN=x'])
    await expect.poll(() => after.length).toBeGreaterThan(0)
    expect(after.filter((text) => text.startsWith('escaped'))).toEqual([])
  })
})

describe('several authorities', async () => {
  const rootA = await createCertificateAuthority({ name: 'root A' })
  const rootB = await createCertificateAuthority({ name: 'root B' })
  const intermediateA = await rootA.child({ name: 'intermediate' })
  const intermediateB = await rootB.child({ name: 'intermediate' })
  const plain = await startHttps([rootA, rootB], [authority('a', rootA), authority('b', rootB)])
  const federated = await startHttps(
    [rootA, rootB],
    [authority('a', rootA, ['a.test']), authority('b', rootB, ['b.test'])],
  )

  // Node 24.21.0 hides what a client presents beside its leaf: then nothing can be verified.
  const probe = await listen(
    https.createServer(serverOptions([rootA]), (req, res) => {
      const socket = req.socket as tls.TLSSocket
      res.end(String(socket.getPeerX509Certificate()?.issuerCertificate !== undefined))
    }),
  )
  const overIntermediate = await intermediateA.issue({ usage: 'client', cn: 'x' })
  const readable = (await askHttps(probe, overIntermediate)) === 'true'
  const ifReadable = (verdict: string) => (readable ? verdict : 'chain-unavailable')

  it('A34 tells who vouches, directly and over intermediates', async () => {
    const deeper = await intermediateA.child({ name: 'deeper' })
    const deep = await deeper.issue({ usage: 'client', cn: 'deep' })
    const ofB = await intermediateB.issue({ usage: 'client', cn: 'x' })
    expect(await askHttps(plain, await rootA.issue({ usage: 'client', cn: 'x' }))).toBe('a: CN=x')
    expect(await askHttps(plain, await rootB.issue({ usage: 'client', cn: 'x' }))).toBe('b: CN=x')
    expect(await askHttps(plain, overIntermediate)).toBe(ifReadable('a: CN=x'))
    expect(await askHttps(plain, ofB)).toBe(ifReadable('b: CN=x'))
    expect(await askHttps(plain, deep)).toBe(ifReadable('a: CN=deep'))
  })

  it('A34 is not steered by a decoy between leaf and intermediate', async () => {
    const uri = ['spiffe://a.test/admin']
    const client = await intermediateB.issue({ usage: 'client', cn: 'x', uri })
    const presented = [client.certificate, intermediateA.certificate, intermediateB.certificate]
    const steered = { chain: presented.join('\n'), key: client.key }
    expect(await askHttps(plain, steered)).toBe(ifReadable('b: CN=x'))
    expect(await askHttps(federated, steered)).toBe(ifReadable('unknown-authority'))
  })

  it('A34 takes a decoy for no issuer where only its signature tells', async () => {
    const uri = ['spiffe://a.test/admin']
    const raw = (pem: string) => toX509(pem).raw
    const unlinked = (der: Buffer, key: string, id: string) =>
      toX509(
        resign(
          der,
          (tbs) => {
            tbs.extensions = tbs.extensions?.filter(({ extnID }) => extnID !== id) as never
          },
          key,
        ),
      ).toString()
    const issued = await intermediateB.issue({ usage: 'client', cn: 'x', uri })
    const leaf = unlinked(raw(issued.certificate), intermediateB.key, oid.authorityKeyIdentifier)
    const decoy = unlinked(raw(intermediateA.certificate), rootA.key, oid.subjectKeyIdentifier)
    const chain = [leaf, decoy, intermediateB.certificate].join('\n')
    const verdict = await askHttps(federated, { chain, key: issued.key })
    expect(verdict).toMatch(/^(unknown-authority|chain-unavailable|.*did not authorize.*)$/)
    expect(await askHttps(plain, { chain, key: issued.key })).not.toMatch(/^a:/)
  })

  it.each([
    ['a.test', 'a: spiffe://a.test/x'],
    ['b.test', 'unknown-authority'],
  ])('B05 judges a SPIFFE ID of %s below root A', async (trustDomain, expected) => {
    const uri = [`spiffe://${trustDomain}/x`]
    const direct = await rootA.issue({ usage: 'client', uri })
    const below = await intermediateA.issue({ usage: 'client', uri })
    expect(await askHttps(federated, direct)).toBe(expected)
    expect(await askHttps(federated, below)).toBe(ifReadable(expected))
  })

  it('B05 refuses a trust domain nobody owns', async () => {
    const client = await rootA.issue({ usage: 'client', uri: ['spiffe://c.test/x'] })
    expect(await askHttps(federated, client)).toBe('unknown-authority')
  })

  it('B05 refuses a forged SPIFFE ID that OpenSSL authorizes', async () => {
    const forged = await rootB.issue({ usage: 'client', uri: ['spiffe://a.test/admin'] })
    expect(await askHttps(federated, forged)).toBe('unknown-authority')
  })
})
