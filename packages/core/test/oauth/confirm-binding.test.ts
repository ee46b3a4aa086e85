import { createHash, X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it } from 'vitest'
import { TokenError, type TokenRefusal } from '../../src/errors.js'
import { thumbprint as toThumbprint } from '../../src/identity/thumbprint.js'
import type { TokenBinding } from '../../src/oauth/access-token.js'
import { type BindingFacts, confirmBinding } from '../../src/oauth/confirm-binding.js'

const hash = (text: string | Uint8Array) => createHash('sha256').update(text).digest('base64url')
const mine = hash('my certificate')
const other = hash('another certificate')
const key = hash('my key')
const otherKey = hash('another key')

/** `ok`, or the reason of the refusal. */
function outcome(binding: TokenBinding, facts: Partial<BindingFacts>): 'ok' | TokenRefusal {
  const all = {
    thumbprint: undefined,
    required: false,
    scheme: 'bearer',
    proofKey: undefined,
  } as const
  try {
    confirmBinding({ binding }, { ...all, ...facts })
    return 'ok'
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    expect(error.message).toMatch(/^the (token|proof) is /)
    return error.reason
  }
}

const unbound: TokenBinding = {}
const toCertificate: TokenBinding = { certificate: mine }
const toKey: TokenBinding = { key }
const toBoth: TokenBinding = { certificate: mine, key }

describe('confirmBinding', () => {
  it.each<[string, TokenBinding, Partial<BindingFacts>, 'ok' | TokenRefusal, 'ok' | TokenRefusal]>([
    ['unbound, bearer, no certificate', unbound, {}, 'ok', 'unbound'],
    ['unbound, bearer, a certificate', unbound, { thumbprint: mine }, 'ok', 'unbound'],
    [
      'unbound, DPoP',
      unbound,
      { thumbprint: mine, scheme: 'dpop', proofKey: key },
      'unbound',
      'unbound',
    ],
    ['certificate-bound, that one', toCertificate, { thumbprint: mine }, 'ok', 'ok'],
    ['certificate-bound, another one', toCertificate, { thumbprint: other }, 'binding', 'binding'],
    ['certificate-bound, none', toCertificate, {}, 'binding', 'binding'],
    [
      'certificate-bound, DPoP',
      toCertificate,
      { thumbprint: mine, scheme: 'dpop', proofKey: key },
      'unbound',
      'unbound',
    ],
    ['key-bound, that key', toKey, { scheme: 'dpop', proofKey: key }, 'ok', 'unbound'],
    [
      'key-bound, that key and a certificate',
      toKey,
      { thumbprint: mine, scheme: 'dpop', proofKey: key },
      'ok',
      'unbound',
    ],
    ['key-bound, another key', toKey, { scheme: 'dpop', proofKey: otherKey }, 'proof', 'unbound'],
    ['key-bound, no verified proof', toKey, { scheme: 'dpop' }, 'proof', 'unbound'],
    ['key-bound, bearer', toKey, {}, 'binding', 'unbound'],
    ['key-bound, bearer with a proof', toKey, { proofKey: key }, 'binding', 'unbound'],
    ['both-bound, both', toBoth, { thumbprint: mine, scheme: 'dpop', proofKey: key }, 'ok', 'ok'],
    [
      'both-bound, another certificate',
      toBoth,
      { thumbprint: other, scheme: 'dpop', proofKey: key },
      'binding',
      'binding',
    ],
    [
      'both-bound, another key',
      toBoth,
      { thumbprint: mine, scheme: 'dpop', proofKey: otherKey },
      'proof',
      'proof',
    ],
    ['both-bound, bearer', toBoth, { thumbprint: mine }, 'binding', 'binding'],
  ])('C10 C17 a token %s', (_, binding, facts, taken, takenWhereRequired) => {
    expect(outcome(binding, facts)).toBe(taken)
    expect(outcome(binding, { ...facts, required: true })).toBe(takenWhereRequired)
  })

  it.each([
    ['empty', ''],
    ['padded', `${mine}=`],
    ['with white space', ` ${mine}`],
    ['one character short', mine.slice(0, -1)],
    ['one character long', `${mine}A`],
    ['of 31 bytes', Buffer.alloc(31).toString('base64url')],
    ['of 64 bytes', Buffer.alloc(64).toString('base64url')],
    ['hexadecimal', createHash('sha256').update('my certificate').digest('hex')],
  ])('C10 refuses a confirmation that is %s, even compared with itself', (_, certificate) => {
    expect(outcome({ certificate }, { thumbprint: mine })).toBe('binding')
    expect(outcome({ certificate }, { thumbprint: certificate })).toBe('binding')
    expect(outcome({ key: certificate }, { scheme: 'dpop', proofKey: certificate })).toBe('proof')
  })

  it('C10 refuses the alphabet of base64 and bits beyond the last byte', () => {
    const bytes = Buffer.alloc(32, 0xff)
    const right = bytes.toString('base64url')
    expect(outcome({ certificate: right }, { thumbprint: right })).toBe('ok')
    const base64 = bytes.toString('base64').replace('=', '')
    expect(outcome({ certificate: base64 }, { thumbprint: right })).toBe('binding')
    const loose = `${right.slice(0, -1)}9`
    expect(Buffer.from(loose, 'base64url').equals(bytes)).toBe(true)
    expect(outcome({ certificate: loose }, { thumbprint: right })).toBe('binding')
  })

  it('C10 is bound to the certificate, not to its subject, its names or its public key', async () => {
    const authority = await createCertificateAuthority()
    const request = { usage: 'client', cn: 'reader', uri: ['spiffe://acme.test/reader'] } as const
    const first = new X509Certificate((await authority.issue(request)).certificate)
    const second = new X509Certificate((await authority.issue(request)).certificate)
    const certificate = toThumbprint(first.raw)
    expect(outcome({ certificate }, { thumbprint: toThumbprint(first.raw), required: true })).toBe(
      'ok',
    )
    expect(outcome({ certificate }, { thumbprint: toThumbprint(second.raw) })).toBe('binding')
    const ofKey = hash(first.publicKey.export({ type: 'spki', format: 'der' }))
    expect(outcome({ certificate: ofKey }, { thumbprint: certificate })).toBe('binding')
    const hex = first.fingerprint256.replaceAll(':', '').toLowerCase()
    expect(outcome({ certificate: hex }, { thumbprint: certificate })).toBe('binding')
  })

  it('C10 writes no thumbprint into the error', () => {
    for (const binding of [toCertificate, toKey, toBoth]) {
      try {
        confirmBinding(
          { binding },
          { thumbprint: other, required: true, scheme: 'dpop', proofKey: otherKey },
        )
        expect.unreachable()
      } catch (error) {
        for (const text of [mine, other, key, otherKey]) expect(String(error)).not.toContain(text)
      }
    }
  })
})
