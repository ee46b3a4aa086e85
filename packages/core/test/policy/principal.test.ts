import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CertificateError, ConfigurationError } from '../../src/errors.js'
import { definePolicy } from '../../src/policy/define.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { type PeerOptions, peer, token } from './peer.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: {} },
  assignments: [{ dns: 'a.test', roles: ['reader'] }],
})
interface Caller {
  readonly dns: string | undefined
  readonly issuer: string
  readonly kind: 'user' | 'client'
  readonly subject: string
}

const kinds = ['spiffe', 'uri', 'dns', 'email', 'cn'] as const

describe('createPrincipal', () => {
  it('joins identity, certificate and roles, frozen', () => {
    const certificate = peer({ dns: ['a.test'] })
    const principal = createPrincipal(policy, { certificate }, kinds)
    expect(principal).toEqual({
      name: 'default/dns:a.test',
      certificateName: 'default/dns:a.test',
      identity: { kind: 'dns', value: 'a.test' },
      certificate,
      roles: ['reader'],
      rolesWithToken: [],
    })
    expect(Object.isFrozen(principal)).toBe(true)
    expect(Object.isFrozen(principal.roles)).toBe(true)
  })

  it.each<[PeerOptions, string]>([
    [{ spiffe: 'spiffe://acme.test/ns/a/sa/b' }, 'default/spiffe:spiffe://acme.test/ns/a/sa/b'],
    [{ dns: ['b.test', 'a.test'] }, 'default/dns:a.test+b.test'],
    [{ authority: 'a/dns:x', dns: ['b'] }, 'a%2Fdns%3Ax/dns:b'],
    [{ authority: 'a%2F', dns: ['b'] }, 'a%252F/dns:b'],
    [{ email: ['a+b@x.test'] }, 'default/email:a%2Bb@x.test'],
    [{ email: ['a', 'b@x.test'] }, 'default/email:a+b@x.test'],
    [{ email: ['a%2Bb@x.test'] }, 'default/email:a%252Bb@x.test'],
    [{ uri: ['https://x.test/#sub'] }, 'default/uri:https://x.test/%23sub'],
    [{ cn: ['Zo\u00eb\r\n\u202e b'] }, 'default/cn:Zo%C3%AB%0D%0A%E2%80%AE%20b'],
  ])('names %j %s', (options, name) => {
    expect(createPrincipal(policy, { certificate: peer(options) }, kinds).name).toBe(name)
  })

  it('is refused without a name of the identity kinds', () => {
    expect(() =>
      createPrincipal(policy, { certificate: peer({ cn: ['a'] }) }, ['spiffe', 'dns']),
    ).toThrow(expect.objectContaining({ reason: 'no-identity' }))
    expect(() => createPrincipal(policy, { certificate: peer() }, kinds)).toThrow(CertificateError)
  })

  it.each<[Parameters<typeof token>[0], string]>([
    [{}, 'https://as.test#alice'],
    [{ subject: 'client:alice' }, 'https://as.test#client%3Aalice'],
    [{ kind: 'client', subject: 'alice' }, 'https://as.test#client:alice'],
    [
      { kind: 'client', subject: 'https://app.test/id' },
      'https://as.test#client:https%3A//app.test/id',
    ],
    [{ issuer: 'https://as.test/a+b#c', subject: 'd' }, 'https://as.test/a%2Bb%23c#d'],
    [{ subject: 'a#b+c%23' }, 'https://as.test#a%23b%2Bc%2523'],
    [{ subject: 'Zo\u00eb\n\u202e b' }, 'https://as.test#Zo%C3%AB%0A%E2%80%AE%20b'],
    [{ subject: '\ud800' }, 'https://as.test#%ED%A0%80'],
    [{ subject: '\ufffd' }, 'https://as.test#%EF%BF%BD'],
    [{ subject: '\u{1f600}' }, 'https://as.test#%F0%9F%98%80'],
  ])('C07 a token of %j is the part %s of a name', (options, part) => {
    const alone = createPrincipal(policy, { token: token(options) }, kinds)
    expect(alone).toMatchObject({ name: `+${part}`, certificateName: '' })
    const both = { certificate: peer({ dns: ['a.test'] }), token: token(options) }
    const { name, certificateName } = createPrincipal(policy, both, kinds)
    expect([name, certificateName]).toEqual([`default/dns:a.test+${part}`, 'default/dns:a.test'])
  })

  it('a token alone gives no identity and no certificate', () => {
    const given = token()
    expect(createPrincipal(policy, { token: given }, kinds)).toStrictEqual({
      name: '+https://as.test#alice',
      certificateName: '',
      token: given,
      roles: [],
      rolesWithToken: [],
    })
  })

  it('is refused without a certificate and a token', () => {
    expect(() => createPrincipal(policy, {}, kinds)).toThrow(ConfigurationError)
  })

  it('C07 no two callers share a name', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', ':', '#', '+', '%', '/', 'client', '\ud800'),
    })
    const caller = fc.record({
      dns: fc.option(part, { nil: undefined }),
      issuer: part,
      kind: fc.constantFrom('user', 'client'),
      subject: part,
    })
    const nameOf = ({ dns, ...options }: Caller) =>
      createPrincipal(
        policy,
        {
          token: token(options),
          certificate: dns === undefined ? undefined : peer({ dns: [dns] }),
        },
        kinds,
      ).name
    fc.assert(
      fc.property(caller, caller, (one, other) => {
        expect(nameOf(one) === nameOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 1000 },
    )
  })
})
