import { describe, expect, it } from 'vitest'
import { CertificateError } from '../../src/errors.js'
import { definePolicy } from '../../src/policy/define.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { type PeerOptions, peer } from './peer.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: {} },
  assignments: [{ dns: 'a.test', roles: ['reader'] }],
})
const kinds = ['spiffe', 'uri', 'dns', 'email', 'cn'] as const

describe('createPrincipal', () => {
  it('joins identity, certificate and roles, frozen', () => {
    const certificate = peer({ dns: ['a.test'] })
    const principal = createPrincipal(policy, certificate, kinds)
    expect(principal).toEqual({
      name: 'default/dns:a.test',
      identity: { kind: 'dns', value: 'a.test' },
      certificate,
      roles: ['reader'],
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
    expect(createPrincipal(policy, peer(options), kinds).name).toBe(name)
  })

  it('is refused without a name of the identity kinds', () => {
    expect(() => createPrincipal(policy, peer({ cn: ['a'] }), ['spiffe', 'dns'])).toThrow(
      expect.objectContaining({ reason: 'no-identity' }),
    )
    expect(() => createPrincipal(policy, peer(), kinds)).toThrow(CertificateError)
  })
})
