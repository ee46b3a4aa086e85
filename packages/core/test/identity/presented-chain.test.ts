import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it } from 'vitest'
import type { Authority } from '../../src/identity/authority.js'
import { chainOf, verifyStillVouched } from '../../src/identity/presented-chain.js'
import { readPeerCertificate } from '../../src/identity/read-peer-certificate.js'
import { ca, issueDer, toX509 } from './certificates.js'

const now = Date.now()
const other = await createCertificateAuthority({ name: 'Other CA' })
const child = await ca.child({ name: 'Child CA' })
const direct = toX509(await issueDer({ cn: 'x', dns: ['a.test'] }))
const indirect = await child.issue({ usage: 'client', cn: 'y' })

function authority(...anchors: string[]): readonly Authority[] {
  return [{ name: 'default', anchors: anchors.map(toX509), trustDomains: [] }]
}

const alone = authority(ca.certificate)
const because = (reason: string) =>
  expect.objectContaining({ reason, code: 'ERR_MTLS_CERTIFICATE' })

/** A socket that tells its intermediates once, as on Node 20 and 22. */
function socketOf(pem: string | Buffer, ...presented: string[]) {
  let told = false
  return {
    encrypted: true,
    authorized: true,
    authorizationError: null,
    getProtocol: () => 'TLSv1.3',
    getPeerX509Certificate: () => {
      const leaf = toX509(pem)
      if (!told) link(leaf, presented)
      told = true
      return leaf
    },
  }
}

function link(leaf: ReturnType<typeof toX509>, presented: readonly string[]): void {
  let below = leaf
  for (const issuerCertificate of presented.map(toX509)) {
    Object.defineProperty(below, 'issuerCertificate', { value: issuerCertificate })
    below = issuerCertificate
  }
}

const readDirect = () => readPeerCertificate(socketOf(direct.raw), alone)
const readIndirect = (authorities = alone) =>
  readPeerCertificate(socketOf(indirect.certificate, child.certificate), authorities)

describe('verifyStillVouched', () => {
  it('A22 accepts while the authority keeps the anchor, whatever comes beside it', () => {
    const certificate = readDirect()
    verifyStillVouched(certificate, { authorities: alone, now })
    const overlap = authority(other.certificate, ca.certificate)
    verifyStillVouched(certificate, { authorities: overlap, now })
  })

  it('B05 A22 refuses once the anchor is gone, also where one authority is left', () => {
    const rotated = authority(other.certificate)
    expect(() => readPeerCertificate(socketOf(direct.raw), rotated)).not.toThrow()
    const refused = (authorities: readonly Authority[]) => () =>
      verifyStillVouched(readDirect(), { authorities, now })
    expect(refused(rotated)).toThrow(because('chain-unavailable'))
    expect(refused([])).toThrow(because('unknown-authority'))
  })

  it('A22 refuses after an overlap that ended, step by step', () => {
    const certificate = readDirect()
    const both = authority(ca.certificate, other.certificate)
    verifyStillVouched(certificate, { authorities: both, now })
    expect(() =>
      verifyStillVouched(certificate, { authorities: authority(other.certificate), now }),
    ).toThrow(because('chain-unavailable'))
  })

  it('follows the intermediates of the first read, which the connection tells once', () => {
    const certificate = readIndirect()
    const two = [...alone, { name: 'b', anchors: [toX509(other.certificate)], trustDomains: [] }]
    verifyStillVouched(certificate, { authorities: two, now })
    verifyStillVouched(certificate, { authorities: two, now })
    const gone = [{ name: 'c', anchors: [toX509(other.certificate)], trustDomains: [] }]
    expect(() => verifyStillVouched(certificate, { authorities: gone, now })).toThrow(
      because('unknown-authority'),
    )
  })

  it('refuses when another authority vouches now, or the trust domain has another owner', () => {
    const renamed = alone.map((one) => ({ ...one, name: 'renamed' }))
    expect(() => verifyStillVouched(readDirect(), { authorities: renamed, now })).toThrow(
      because('unknown-authority'),
    )
    const owner = alone.map((one) => ({ ...one, trustDomains: ['acme.test'] }))
    expect(() => verifyStillVouched(readDirect(), { authorities: owner, now })).toThrow(
      because('unknown-authority'),
    )
  })

  it('knows only what was read from a connection', () => {
    const copy = { ...readDirect() }
    expect(() => verifyStillVouched(copy, { authorities: alone, now })).toThrow(
      because('chain-unavailable'),
    )
    expect(() => chainOf(copy)).toThrow(because('chain-unavailable'))
  })
})

describe('chainOf', () => {
  it('is the leaf, its issuers in order, and the anchor', () => {
    expect(chainOf(readDirect()).map(String)).toEqual([direct, toX509(ca.certificate)].map(String))
    expect(chainOf(readIndirect()).map(String)).toEqual(
      [indirect.certificate, child.certificate, ca.certificate].map(toX509).map(String),
    )
  })

  it('parses an intermediate once for every connection that presented it', () => {
    const [one, another] = [chainOf(readIndirect()), chainOf(readIndirect())]
    expect(one[1]?.subject).toBe('CN=Child CA')
    expect(another[1]).toBe(one[1])
  })

  it('A34 is not led astray by certificates that do not belong to it', () => {
    const socket = socketOf(indirect.certificate, other.certificate, child.certificate)
    expect(chainOf(readPeerCertificate(socket, alone))).toHaveLength(3)
  })

  it('ends in an anchor of the authorities last verified', () => {
    const certificate = readIndirect()
    const short = authority(ca.certificate, child.certificate)
    verifyStillVouched(certificate, { authorities: short, now })
    expect(chainOf(certificate).map(String)).toEqual(
      [indirect.certificate, child.certificate].map(toX509).map(String),
    )
  })

  it('is the leaf alone where the intermediates are not there', () => {
    const certificate = readPeerCertificate(socketOf(indirect.certificate), alone)
    expect(chainOf(certificate).map(String)).toEqual([String(toX509(indirect.certificate))])
  })
})

describe('readPeerCertificate with followChain', () => {
  const read = (authorities: readonly Authority[]) =>
    readPeerCertificate(socketOf(direct.raw), authorities, { followChain: true })

  it('A18 follows the chain of an only authority, so that an older handshake proves nothing', () => {
    expect(read(alone).authority).toBe('default')
    expect(() => read(authority(other.certificate))).toThrow(because('chain-unavailable'))
  })
})
