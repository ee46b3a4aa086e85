import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IdentityKind, identify } from '../../src/identity/identify.js'
import type { PeerCertificate } from '../../src/identity/peer-certificate.js'
import { parseSpiffeId } from '../../src/identity/spiffe-id.js'

const kinds: readonly IdentityKind[] = ['spiffe', 'uri', 'dns']

interface Names {
  readonly uri?: readonly string[]
  readonly dns?: readonly string[]
  readonly email?: readonly string[]
  readonly cn?: readonly string[]
}

function certificate({ uri = [], dns = [], email = [], cn = [] }: Names): PeerCertificate {
  const name = { text: '', organizations: [], organizationalUnits: [] }
  const spiffe = uri.find((one) => one.startsWith('spiffe://'))
  return {
    thumbprint: 'x',
    subject: { ...name, commonNames: cn },
    issuer: { ...name, commonNames: [] },
    serialNumber: '01',
    notBefore: 0,
    notAfter: 1,
    names: { uri, dns, email },
    ...(spiffe !== undefined && { spiffeId: parseSpiffeId(spiffe) }),
    authority: 'default',
  }
}

const noIdentity = expect.objectContaining({ reason: 'no-identity' })

describe('identify', () => {
  const everything = { uri: ['urn:a'], dns: ['a.test'], email: ['x@a.test'], cn: ['a'] }

  it.each([
    [['uri', 'dns'], 'uri', 'urn:a'],
    [['dns', 'uri'], 'dns', 'a.test'],
    [['spiffe', 'email', 'dns'], 'email', 'x@a.test'],
    [['cn', 'dns'], 'cn', 'a'],
  ] as const)('takes the first kind of %j that is there', (order, kind, value) => {
    expect(identify(certificate(everything), order)).toEqual({ kind, value })
  })

  it('takes a SPIFFE ID as spiffe, or as uri where only that is listed', () => {
    const svid = certificate({ uri: ['spiffe://td/a'], dns: ['a.test'] })
    expect(identify(svid, kinds)).toEqual({ kind: 'spiffe', value: 'spiffe://td/a' })
    expect(identify(svid, ['uri'])).toEqual({ kind: 'uri', value: 'spiffe://td/a' })
  })

  it('sorts several values and joins them, whatever their order in the certificate', () => {
    const value = 'a.test+b.test'
    expect(identify(certificate({ dns: ['b.test', 'a.test'] }), kinds).value).toBe(value)
    expect(identify(certificate({ dns: ['a.test', 'b.test', 'a.test'] }), kinds).value).toBe(value)
  })

  it('keeps one value that contains a plus apart from two values', () => {
    expect(identify(certificate({ uri: ['urn:a+urn:b'] }), kinds).value).toBe('urn:a%2Burn:b')
    expect(identify(certificate({ uri: ['urn:a%2Burn:b'] }), kinds).value).toBe('urn:a%252Burn:b')
    expect(identify(certificate({ uri: ['urn:a', 'urn:b'] }), kinds).value).toBe('urn:a+urn:b')
  })

  it('gives equal values only to equal sets of names', () => {
    const names = fc.array(
      fc.string({ unit: fc.constantFrom('a', '+', '%', '2', 'B'), minLength: 1 }),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    const setOf = (values: readonly string[]) => JSON.stringify([...new Set(values)].sort())
    fc.assert(
      fc.property(names, names, (one, other) => {
        const same =
          identify(certificate({ dns: one }), kinds).value ===
          identify(certificate({ dns: other }), kinds).value
        expect(same).toBe(setOf(one) === setOf(other))
      }),
      { numRuns: 2000 },
    )
  })

  it('A04 refuses several common names once it would have to choose one', () => {
    const two = { cn: ['alice', 'admin'] }
    expect(() => identify(certificate(two), ['cn'])).toThrow(noIdentity)
    expect(() => identify(certificate({ ...two, dns: ['a.test'] }), ['cn', 'dns'])).toThrow(
      noIdentity,
    )
    expect(identify(certificate({ ...two, dns: ['a.test'] }), ['dns', 'cn']).kind).toBe('dns')
  })

  it('says which option admits a certificate that has only a common name', () => {
    expect(() => identify(certificate({ cn: ['legacy'] }), kinds)).toThrow(
      "admit it with the option identity: ['spiffe', 'uri', 'dns', 'cn']",
    )
    expect(() => identify(certificate({ cn: ['legacy'] }), kinds)).toThrow(noIdentity)
  })

  it.each([
    [{ uri: ['urn:a'] }, ['dns'], "it has uri: admit it with the option identity: ['dns', 'uri']"],
    [{ dns: ['a.test'] }, ['uri'], "it has dns: admit it with the option identity: ['uri', 'dns']"],
    [
      { email: ['a@b'] },
      ['dns'],
      "it has email: admit it with the option identity: ['dns', 'email']",
    ],
    [
      { uri: ['urn:a'], dns: ['a.test'], email: ['a@b'] },
      ['cn'],
      "it has uri and dns and email: admit it with the option identity: ['cn', 'uri', 'dns', 'email']",
    ],
  ] as const)('says which option admits %j where %j is listed', (names, listed, advice) => {
    expect(() => identify(certificate(names), listed)).toThrow(
      `certificate has no name of the kinds ${listed.join(', ')}; ${advice}`,
    )
  })

  it('suggests nothing where nothing is there, and no common name where there are several', () => {
    for (const names of [{}, { cn: ['alice', 'admin'] }]) {
      expect(() => identify(certificate(names), kinds)).toThrow(
        /^certificate has no name of the kinds spiffe, uri, dns$/,
      )
    }
  })

  it('refuses everything when no kind is listed', () => {
    expect(() => identify(certificate(everything), [])).toThrow(noIdentity)
  })

  it('freezes the identity', () => {
    expect(Object.isFrozen(identify(certificate(everything), kinds))).toBe(true)
  })
})
