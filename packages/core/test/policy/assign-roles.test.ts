import { describe, expect, it } from 'vitest'
import { assignRoles } from '../../src/policy/assign-roles.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition } from '../../src/policy/definition.js'
import type { Policy } from '../../src/policy/policy.js'
import { timeOf } from '../linear-time.js'
import { type PeerOptions, peer } from './peer.js'

type Keys = Omit<AssignmentDefinition<'r'>, 'roles'>

function assigned(
  keys: Keys,
  certificate: PeerOptions,
  kinds = ['spiffe', 'cn'] as const,
): boolean {
  const policy = definePolicy({
    version: 1,
    roles: { r: {} },
    assignments: [{ ...keys, roles: ['r'] }],
  })
  return assignRoles(policy, { certificate: peer(certificate) }, kinds).roles.includes('r')
}

const thumbprint = `${'Ab_-'.repeat(10)}xyz`

describe('assignRoles', () => {
  it.each<[Keys, PeerOptions, boolean]>([
    [{ spiffe: 'spiffe://t.test/a' }, { spiffe: 'spiffe://t.test/a' }, true],
    [{ spiffe: 'spiffe://t.test/a' }, { spiffe: 'spiffe://t.test/a/b' }, false],
    [{ spiffe: 'spiffe://t.test/a' }, { spiffe: 'spiffe://t.test/A' }, false],
    [{ spiffe: 'spiffe://t.test/a/**' }, { spiffe: 'spiffe://t.test/a/b/c' }, true],
    [{ spiffe: 'spiffe://t.test/a/**' }, { spiffe: 'spiffe://t.test/a' }, false],
    [{ spiffe: 'spiffe://t.test/a/**' }, { spiffe: 'spiffe://t.test/ab/c' }, false],
    [{ spiffe: 'spiffe://t.test/**' }, { spiffe: 'spiffe://t.test.evil/a' }, false],
    [{ spiffe: 'spiffe://t.test/ns/*/sa/x' }, { spiffe: 'spiffe://t.test/ns/a/sa/x' }, true],
    [{ spiffe: 'spiffe://t.test/ns/*/sa/x' }, { spiffe: 'spiffe://t.test/ns/a/b/sa/x' }, false],
    [{ spiffe: 'spiffe://t.test/a' }, { uri: ['spiffe://t.test/a', 'https://x.test/'] }, false],
    [{ uri: 'https://h.test/a' }, { uri: ['https://x.test/', 'https://h.test/a'] }, true],
    [{ uri: 'https://h.test/*' }, { uri: ['https://h.test/a'] }, true],
    [{ uri: 'https://h.test/*' }, { uri: ['https://h.test/a/b'] }, false],
    [{ uri: 'https://h.test/a/**' }, { uri: ['https://h.test/a/../b'] }, false],
    [{ uri: 'https://h.test/a/**' }, { uri: ['https://h.test/a/%2e%2e/b'] }, false],
    [{ uri: 'https://h.test/*' }, { uri: ['urn:x:1', 'https://h.test/a'] }, true],
    [{ uri: 'https://h.test/*' }, { uri: ['urn:x:1', 'https://x.test/a'] }, false],
    [{ uri: 'urn:x:1' }, { uri: ['urn:x:1'] }, true],
    [{ uri: 'https://h.test/spiffe:x' }, { uri: ['https://h.test/spiffe:x'] }, true],
    [{ dns: 'a.test' }, { dns: ['b.test', 'a.test'] }, true],
    [{ dns: 'a.test' }, { dns: ['A.test'] }, false],
    [{ dns: '*.a.test' }, { dns: ['x.a.test'] }, true],
    [{ dns: '*.a.test' }, { dns: ['b.test', 'x.a.test'] }, true],
    [{ dns: '*.a.test' }, { dns: ['a.test'] }, false],
    [{ dns: '*.a.test' }, { dns: ['.a.test'] }, false],
    [{ dns: '*.a.test' }, { dns: ['x.y.a.test'] }, false],
    [{ dns: '*.a.test' }, { dns: ['*.a.test'] }, false],
    [{ dns: '*.a.test' }, { dns: ['xa.test', 'localhost'] }, false],
    [{ email: 'a@x.test' }, { email: ['a@x.test'] }, true],
    [{ email: 'a@x.test' }, { email: ['A@x.test'] }, false],
    [{ cn: 'agent' }, { cn: ['agent'] }, true],
    [{ cn: 'agent' }, { cn: ['agent', 'other'] }, false],
    [{ cn: 'agent' }, { cn: [] }, false],
    [{ ou: 'dev' }, { ou: ['ops', 'dev'] }, true],
    [{ o: 'Acme' }, { o: ['Acme'] }, true],
    [{ o: 'Acme' }, { o: ['Acme Inc'] }, false],
    [{ o: 'Acme', issuer: 'CN=A' }, { o: ['Acme'], issuer: 'CN=A' }, true],
    [{ o: 'Acme', issuer: 'CN=A' }, { o: ['Acme'], issuer: 'CN=B' }, false],
    [{ thumbprint }, { thumbprint }, true],
    [{ thumbprint }, {}, false],
    [{ authority: 'partner' }, { authority: 'partner' }, true],
    [{ authority: 'partner' }, { authority: 'default' }, false],
    [{ authority: 'partner', dns: 'a.test' }, { dns: ['a.test'] }, false],
    [
      { authority: ['x', 'partner'], dns: 'a.test' },
      { authority: 'partner', dns: ['a.test'] },
      true,
    ],
    [{ dns: ['a.test', 'b.test'] }, { dns: ['b.test'] }, true],
    [
      { spiffe: ['spiffe://t.test/a', 'spiffe://u.test/**'] },
      { spiffe: 'spiffe://u.test/z' },
      true,
    ],
    [{ dns: 'a.test', o: 'Acme' }, { dns: ['a.test'], o: ['Other'] }, false],
    [{ dns: 'a.test', o: 'Acme' }, { dns: ['b.test'], o: ['Acme'] }, false],
    [{ dns: 'a.test', o: ['Acme', 'Other'] }, { dns: ['a.test'], o: ['Other'] }, true],
  ])('B03 %j for %j: %s', (keys, certificate, expected) => {
    expect(assigned(keys, certificate)).toBe(expected)
  })

  it('takes a common name only where cn is among the identity kinds', () => {
    const policy = definePolicy({
      version: 1,
      roles: { r: {} },
      assignments: [{ cn: 'agent', roles: ['r'] }],
    })
    const certificate = peer({ cn: ['agent'], dns: ['a.test'] })
    expect(assignRoles(policy, { certificate }, ['spiffe', 'uri', 'dns']).roles).toEqual([])
    expect(assignRoles(policy, { certificate }, ['dns', 'cn']).roles).toEqual(['r'])
  })

  it('joins the roles of all assignments that match, sorted, once each and frozen', () => {
    const policy = definePolicy({
      version: 1,
      roles: { c: {}, b: {}, a: {} },
      assignments: [
        { dns: 'x.test', roles: ['c', 'b'] },
        { o: 'Acme', roles: ['a', 'b'] },
        { dns: 'y.test', roles: ['a'] },
      ],
    })
    const roles = assignRoles(
      policy,
      { certificate: peer({ dns: ['x.test'], o: ['Acme'] }) },
      [],
    ).roles
    expect(roles).toEqual(['a', 'b', 'c'])
    expect(Object.isFrozen(roles)).toBe(true)
  })

  it('D09 names in a certificate are never keys of an object', () => {
    expect(assigned({ o: 'Acme' }, { o: ['__proto__', 'constructor'], dns: ['toString'] })).toBe(
      false,
    )
    expect(assigned({ o: 'constructor' }, { o: ['constructor'] })).toBe(true)
  })

  it('looks only at the few of 100,000 assignments that could match', () => {
    const id = (index: number): string => `spiffe://t.test/ns/n${index}/sa/x`
    const certificate = peer({ spiffe: id(5) })
    const withAssignments = (length: number) => {
      const each = Array.from({ length }, (_, index) => ({
        spiffe: id(index),
        roles: ['r'] as const,
      }))
      const assignments = [...each, { spiffe: id(5), roles: ['special'] as const }]
      return definePolicy({ version: 1, roles: { r: {}, special: {} }, assignments })
    }
    const timeWith = (policy: Policy) =>
      timeOf(() => {
        for (let run = 0; run < 1000; run++) assignRoles(policy, { certificate }, ['spiffe']).roles
      })
    const [few, many] = [withAssignments(10), withAssignments(100_000)]
    expect(assignRoles(many, { certificate }, ['spiffe']).roles).toEqual(['r', 'special'])
    // Walking through all of them would take ten thousand times as long.
    const ratios = [1, 2, 3].map(() => timeWith(many) / timeWith(few))
    expect(Math.min(...ratios)).toBeLessThan(100)
  }, 60_000)
})
