import { Agent } from 'node:https'
import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import { definePolicy, type TlsFileOptions } from '@mcp-mtls/core'
import { type ClientCertificate, legacyPost, rawRequest, toolCall } from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer } from './open-server.js'
import { createPki, type Pki } from './pki.js'

const admin = 'spiffe://a.test/admin'
const call = legacyPost(toolCall('search'))
const unauthenticated =
  '{"jsonrpc":"2.0","id":null,"error":{"code":-31401,"message":"Authentication required"}}'
const roles = { reader: { tools: ['search'] } } as const
const federated = definePolicy({
  version: 1,
  roles,
  assignments: [
    { spiffe: 'spiffe://a.test/**', roles: ['reader'] },
    { spiffe: 'spiffe://b.test/**', roles: ['reader'] },
  ],
})
const named = definePolicy({
  version: 1,
  roles,
  assignments: [{ authority: 'a', spiffe: admin, roles: ['reader'] }],
})

let pki: Pki
let rootA: CertificateAuthority
let rootB: CertificateAuthority
let intermediateA: CertificateAuthority
let intermediateB: CertificateAuthority
let owning: TlsFileOptions
let plain: TlsFileOptions

beforeAll(async () => {
  pki = await createPki()
  rootA = await createCertificateAuthority({ name: 'root A' })
  rootB = await createCertificateAuthority({ name: 'root B' })
  // Of one name, so that only signatures tell them apart.
  intermediateA = await rootA.child({ name: 'intermediate' })
  intermediateB = await rootB.child({ name: 'intermediate' })
  const a = await pki.write('a.crt', rootA.certificate)
  const b = await pki.write('b.crt', rootB.certificate)
  const { cert, key } = pki.files
  plain = { cert, key, authorities: { a: { ca: a }, b: { ca: b } } }
  owning = {
    cert,
    key,
    authorities: {
      a: { ca: a, trustDomains: ['a.test'] },
      b: { ca: b, trustDomains: ['b.test'] },
    },
  }
})
afterAll(() => pki.remove())

async function issue(issuer: CertificateAuthority, uri: string): Promise<ClientCertificate> {
  return pki.present(await issuer.issue({ usage: 'client', uri: [uri] }))
}

// The reason where Node hides the intermediates a peer sends, as 24.21.0 does.
const chainUnavailable = 'chain-unavailable'
const hidesIntermediates = process.versions.node.startsWith('24.')

describe('two authorities that own a trust domain each', () => {
  const open = () => openServer({ files: owning, options: { policy: federated } })

  it.each([
    ['a.test', () => rootA, 'a'],
    ['b.test', () => rootB, 'b'],
  ] as const)('B05 %s is vouched for by its owner', async (domain, issuer, authority) => {
    const server = await open()
    const certificate = await issue(issuer(), `spiffe://${domain}/admin`)
    const answer = await rawRequest(server.url, { certificate, ...call })
    expect(answer.status).toBe(200)
    expect(answer.body).toContain(`search for ${authority}/spiffe:spiffe://${domain}/admin`)
  })

  it.each([
    ['A34 B05 a name of a.test issued by B', () => issue(rootB, admin)],
    ['B05 a name of b.test issued by A', () => issue(rootA, 'spiffe://b.test/x')],
    ['B05 a trust domain nobody owns', () => issue(rootB, 'spiffe://c.test/x')],
    [
      'B05 a name that is no SPIFFE ID',
      async () => pki.present(await rootA.issue({ usage: 'client', dns: ['a.test'] })),
    ],
  ])('%s is refused, although the handshake accepts it', async (_, client) => {
    const server = await open()
    const answer = await rawRequest(server.url, { certificate: await client(), ...call })
    expect(answer).toMatchObject({ status: 403, body: unauthenticated })
    expect(answer.headers.connection).toBe('close')
    expect(await server.eventOf('authentication')).toMatchObject({
      effect: 'deny',
      reason: 'unknown-authority',
      hint: expect.stringMatching(/no authority that may vouch for/),
    })
    expect(server.calls).toEqual([])
  })

  it('A34 a decoy between leaf and intermediate lends no authority', async () => {
    const server = await open()
    const { certificate, key } = await intermediateB.issue({ usage: 'client', uri: [admin] })
    const chain = [certificate, intermediateA.certificate, intermediateB.certificate].join('')
    const presented = pki.present({ chain, key })
    const answer = await rawRequest(server.url, { certificate: presented, ...call })
    expect(answer).toMatchObject({ status: 403, body: unauthenticated })
    const { reason } = await server.eventOf('authentication')
    expect([chainUnavailable, 'unknown-authority']).toContain(reason)
    expect(server.calls).toEqual([])
  })

  it('A34 an own intermediate does, where Node shows it', async () => {
    const server = await open()
    const certificate = await issue(intermediateA, admin)
    const answer = await rawRequest(server.url, { certificate, ...call })
    if (hidesIntermediates) {
      expect(answer.status).toBe(403)
      expect((await server.eventOf('authentication')).reason).toBe(chainUnavailable)
    } else {
      expect(answer.body).toContain(`search for a/spiffe:${admin}`)
    }
  })

  it('A18 A34 a client that keeps TLS sessions is known on each of its connections', async () => {
    const server = await open()
    const certificate = await issue(hidesIntermediates ? rootA : intermediateA, admin)
    const agent = new Agent({ ...certificate, keepAlive: false, maxCachedSessions: 10 })
    for (const _ of [1, 2, 3]) {
      const answer = await rawRequest(server.url, { certificate, agent, ...call })
      expect(answer.body).toContain(`search for a/spiffe:${admin}`)
      // A resumed session would hold no intermediates.
      expect(answer.reused).toEqual({ connection: false, session: false })
    }
  })

  it('B05 a name of a.test signed by nobody listed never gets past the handshake', async () => {
    const server = await open()
    const certificate = await issue(await createCertificateAuthority({ name: 'root A' }), admin)
    await expect(rawRequest(server.url, { certificate, ...call })).rejects.toThrow()
    expect(await server.eventOf('handshake')).toMatchObject({
      effect: 'deny',
      hint: expect.stringMatching(/a\.crt.*b\.crt/),
    })
  })
})

describe('two authorities, and a policy that names one', () => {
  const open = () => openServer({ files: plain, options: { policy: named } })

  it('A34 gives the role to the name of that authority', async () => {
    const server = await open()
    const certificate = await issue(rootA, admin)
    const answer = await rawRequest(server.url, { certificate, ...call })
    expect(answer.body).toContain(`search for a/spiffe:${admin}`)
  })

  it('A34 gives nothing to the same name of the other, and says who asked', async () => {
    const server = await open()
    const certificate = await issue(rootB, admin)
    const answer = await rawRequest(server.url, { certificate, ...call })
    expect(answer).toMatchObject({ status: 403, json: { id: null, error: { code: -31403 } } })
    expect(await server.eventOf('decision')).toMatchObject({
      effect: 'deny',
      reason: 'no-role',
      principal: `b/spiffe:${admin}`,
      hint: expect.stringMatching(/authority/),
    })
    expect(server.calls).toEqual([])
  })
})
