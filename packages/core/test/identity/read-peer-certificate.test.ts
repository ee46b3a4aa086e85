import { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { Authority } from '../../src/identity/authority.js'
import { assertStillValid, readPeerCertificate } from '../../src/identity/read-peer-certificate.js'
import { ca, issueDer, toX509 } from './certificates.js'

const hour = 3_600_000
const now = Date.now()
const alone: readonly Authority[] = [
  { name: 'default', anchors: [toX509(ca.certificate)], trustDomains: [] },
]
const leaf = toX509(
  await issueDer({
    cn: 'x',
    dns: ['a.test'],
    notBefore: new Date(now - hour),
    notAfter: new Date(now + hour),
  }),
)
const other = toX509(await issueDer({ cn: 'y', dns: ['b.test'] }))

/** A socket as TLS 1.3 leaves it after the handshake, with some of it changed. */
function socket(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    encrypted: true,
    authorized: true,
    authorizationError: null,
    getProtocol: () => 'TLSv1.3',
    getPeerX509Certificate: () => leaf,
    ...change,
  }
}

const because = (reason: string) =>
  expect.objectContaining({ reason, code: 'ERR_MTLS_CERTIFICATE' })

describe('readPeerCertificate', () => {
  it.each([null, undefined])(
    'A15 accepts a socket on which everything holds (error: %s)',
    (authorizationError) => {
      const certificate = readPeerCertificate(socket({ authorizationError }), alone, { now })
      expect(certificate).toMatchObject({ authority: 'default', names: { dns: ['a.test'] } })
      expect(Object.isFrozen(certificate)).toBe(true)
    },
  )

  it.each([
    ['encrypted', false, 'no-tls'],
    ['encrypted', undefined, 'no-tls'],
    ['encrypted', 'true', 'no-tls'],
    ['getPeerX509Certificate', undefined, 'no-tls'],
    ['getPeerX509Certificate', leaf, 'no-tls'],
    ['getProtocol', undefined, 'no-tls'],
    ['authorized', false, 'not-authorized'],
    ['authorized', undefined, 'not-authorized'],
    ['authorized', 1, 'not-authorized'],
    ['authorized', 'true', 'not-authorized'],
    ['authorizationError', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'not-authorized'],
    ['authorizationError', new Error('CERT_REVOKED'), 'not-authorized'],
    ['authorizationError', '', 'not-authorized'],
    ['authorizationError', false, 'not-authorized'],
    ['getPeerX509Certificate', () => undefined, 'no-certificate'],
    ['getPeerX509Certificate', () => null, 'no-certificate'],
    ['getPeerX509Certificate', () => ({}), 'no-certificate'],
    ['getPeerX509Certificate', () => ({ raw: leaf.raw }), 'no-certificate'],
  ])('A15 refuses %s: %o with reason %s', (member, value, reason) => {
    expect(() => readPeerCertificate(socket({ [member]: value }), alone, { now })).toThrow(
      because(reason),
    )
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'socket'],
    ['a plain object', {}],
    ['a function', () => {}],
    ['a plain socket', new Socket()],
    ['true', true],
  ])('A10 finds no TLS in %s', (_, value) => {
    expect(() => readPeerCertificate(value, alone, { now })).toThrow(because('no-tls'))
  })

  it('A09 finds no TLS in a proxy whose session is gone', () => {
    const gone = new Proxy(
      {},
      {
        get() {
          throw new Error('The socket has been disconnected from the Http2Session')
        },
      },
    )
    expect(() => readPeerCertificate(gone, alone, { now })).toThrow(because('no-tls'))
    const later = socket({
      getPeerX509Certificate: () => {
        throw new Error('closed')
      },
    })
    expect(() => readPeerCertificate(later, alone, { now })).toThrow(because('no-tls'))
  })

  it.each([
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'CERT_REVOKED',
    'UNABLE_TO_GET_CRL',
    'CRL_HAS_EXPIRED',
    'CRL_NOT_YET_VALID',
    'CRL_SIGNATURE_FAILURE',
    'INVALID_PURPOSE',
    'UNSPECIFIED',
  ])('A14 refuses %s and carries the code', (code) => {
    const refused = () =>
      readPeerCertificate(socket({ authorized: false, authorizationError: code }), alone)
    expect(refused).toThrow(because('not-authorized'))
    expect(refused).toThrow(code)
    // Renegotiation can leave `authorized` as it was.
    expect(() => readPeerCertificate(socket({ authorizationError: code }), alone)).toThrow(code)
  })

  it('A16 finds no certificate on a socket that is authorized without one', () => {
    const resumed = socket({ authorized: true, getPeerX509Certificate: () => undefined })
    expect(() => readPeerCertificate(resumed, alone, { now })).toThrow(because('no-certificate'))
  })

  it('A15 accepts both ends of the validity and nothing beyond', () => {
    const { notBefore, notAfter } = readPeerCertificate(socket(), alone, { now })
    for (const time of [notBefore, notAfter]) {
      expect(readPeerCertificate(socket(), alone, { now: time }).authority).toBe('default')
    }
    const at = (time: number) => () => readPeerCertificate(socket(), alone, { now: time })
    expect(at(notBefore - 1)).toThrow(because('not-yet-valid'))
    expect(at(notAfter + 1)).toThrow(because('expired'))
    expect(at(Number.NaN)).toThrow(because('expired'))
  })

  it('judges by the present time where none is given', () => {
    expect(readPeerCertificate(socket(), alone).authority).toBe('default')
    vi.useFakeTimers({ now: now + 2 * hour })
    try {
      expect(() => readPeerCertificate(socket(), alone)).toThrow(because('expired'))
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses everything when there is no authority', () => {
    expect(() => readPeerCertificate(socket(), [], { now })).toThrow(because('unknown-authority'))
  })

  it('A34 survives issuer links that form a circle', () => {
    const circle = toX509(leaf.raw)
    Object.defineProperty(circle, 'issuerCertificate', { get: () => circle })
    const authorities = [...alone, { name: 'other', anchors: [], trustDomains: [] }]
    const looping = socket({ getPeerX509Certificate: () => circle })
    expect(readPeerCertificate(looping, authorities, { now }).authority).toBe('default')
  })
})

describe('assertStillValid', () => {
  const certificate = readPeerCertificate(socket(), alone, { now })

  it('accepts an unchanged socket, and reads no certificate on TLS 1.3', () => {
    const getPeerX509Certificate = vi.fn(() => leaf)
    assertStillValid(socket({ getPeerX509Certificate }), certificate, now)
    expect(getPeerX509Certificate).not.toHaveBeenCalled()
  })

  it('A22 refuses once the certificate has expired', () => {
    const check = (time: number) => () => assertStillValid(socket(), certificate, time)
    expect(check(certificate.notAfter)).not.toThrow()
    expect(check(certificate.notAfter + 1)).toThrow(because('expired'))
    expect(check(certificate.notBefore - 1)).toThrow(because('not-yet-valid'))
  })

  it.each([
    ['authorized', false, 'not-authorized'],
    ['authorized', undefined, 'not-authorized'],
    ['authorizationError', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'not-authorized'],
    ['encrypted', false, 'no-tls'],
  ])('A20 refuses %s: %o', (member, value, reason) => {
    expect(() => assertStillValid(socket({ [member]: value }), certificate, now)).toThrow(
      because(reason),
    )
  })

  it.each(['TLSv1.2', 'TLSv1.1', null, undefined, 'unknown'])(
    'A20 compares the certificate on %s',
    (protocol) => {
      const getProtocol = () => protocol
      const swapped = socket({ getProtocol, getPeerX509Certificate: () => other })
      const dropped = socket({ getProtocol, getPeerX509Certificate: () => undefined })
      expect(() => assertStillValid(socket({ getProtocol }), certificate, now)).not.toThrow()
      expect(() => assertStillValid(swapped, certificate, now)).toThrow(
        because('certificate-changed'),
      )
      expect(() => assertStillValid(dropped, certificate, now)).toThrow(because('no-certificate'))
    },
  )
})
