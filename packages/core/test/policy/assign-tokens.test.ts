import { describe, expect, it } from 'vitest'
import type { AccessToken } from '../../src/oauth/access-token.js'
import { assignRoles } from '../../src/policy/assign-roles.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition, TokenMatcher } from '../../src/policy/definition.js'
import type { Policy } from '../../src/policy/policy.js'
import type { Peer } from '../../src/policy/principal.js'
import { timeOf } from '../linear-time.js'
import { peer, token } from './peer.js'

type Assignment = AssignmentDefinition<'r' | 's' | 't'>

function policyOf(...assignments: readonly Assignment[]): Policy {
  return definePolicy({ version: 1, roles: { r: {}, s: {}, t: {} }, assignments })
}

function assign(policy: Policy, given: Peer) {
  return assignRoles(policy, given, ['spiffe', 'dns'])
}

const certificate = peer({ spiffe: 'spiffe://t.test/agent' })
const spiffe = 'spiffe://t.test/agent'

const groups = { groups: ['platform', 'all'] }
const keycloak = { realm_access: { roles: ['admin'] }, 'https://t.test/roles': 'x', level: 2 }

const matchers: readonly (readonly ['any' | TokenMatcher, Partial<AccessToken>, boolean])[] = [
  ['any', {}, true],
  ['any', { kind: 'client' }, true],
  [{ issuer: 'https://as.test' }, {}, true],
  [{ issuer: 'https://as.test/' }, {}, false],
  [{ issuer: ['https://b.test', 'https://as.test'] }, {}, true],
  [{ issuer: 'https://as.test', subject: 'bob' }, {}, false],
  [{ subject: 'alice' }, {}, true],
  [{ subject: 'Alice' }, {}, false],
  [{ subject: ['bob', 'alice'] }, {}, true],
  [{ subject: 'alice' }, { kind: 'client' }, false],
  [{ kind: 'client', subject: 'alice' }, { kind: 'client' }, false],
  [{ client: 'web' }, {}, true],
  [{ client: 'alice' }, {}, false],
  [{ client: 'web' }, { kind: 'client', subject: 'web' }, true],
  [{ client: 'web', kind: 'client' }, {}, false],
  [{ client: 'web', kind: 'client' }, { kind: 'client', subject: 'web' }, true],
  [{ client: 'https://app.test/id' }, { clientId: 'https://app.test/id' }, true],
  [{ kind: 'user' }, {}, true],
  [{ kind: 'user' }, { kind: 'client' }, false],
  [{ scopes: ['a', 'b'] }, { scopes: ['b'] }, true],
  [{ scopes: 'a' }, { scopes: ['a:b', 'A'] }, false],
  [{ scopes: 'a' }, {}, false],
  [{ claims: { groups: 'platform' } }, { claims: groups }, true],
  [{ claims: { groups: ['ops', 'all'] } }, { claims: groups }, true],
  [{ claims: { groups: 'plat' } }, { claims: groups }, false],
  [{ claims: { groups: 'platform' } }, { claims: { groups: 'platform' } }, true],
  [{ claims: { groups: 'platform' } }, { claims: { groups: 'platform all' } }, false],
  [{ claims: { groups: 'platform' } }, { claims: { groups: [['platform']] } }, false],
  [{ claims: { groups: 'platform' } }, { claims: { groups: { platform: true } } }, false],
  [{ claims: { groups: 'all', level: 2 } }, { claims: { ...groups, level: 2 } }, true],
  [{ claims: { groups: 'all', level: 2 } }, { claims: groups }, false],
  [{ claims: { realm_access: { roles: 'admin' } } }, { claims: keycloak }, true],
  [{ claims: { realm_access: { roles: 'user' } } }, { claims: keycloak }, false],
  [{ claims: { realm_access: { roles: { x: 'admin' } } } }, { claims: keycloak }, false],
  [{ claims: { 'realm_access.roles': 'admin' } }, { claims: keycloak }, false],
  [{ claims: { 'https://t.test/roles': 'x' } }, { claims: keycloak }, true],
  [{ claims: { level: 2 } }, { claims: keycloak }, true],
  [{ claims: { level: '2' } }, { claims: keycloak }, false],
  [{ claims: { level: 2 } }, { claims: { level: '2' } }, false],
  [{ claims: { ok: true } }, { claims: { ok: true } }, true],
  [{ claims: { ok: true } }, { claims: { ok: 'true' } }, false],
  [{ claims: { ok: true } }, { claims: { ok: 1 } }, false],
  [{ claims: { ok: false } }, { claims: {} }, false],
  [{ claims: { n: 0 } }, { claims: { n: -0 } }, true],
  [{ claims: { toString: { name: 'toString' } } }, {}, false],
  [{ claims: { constructor: { name: 'Object' } } }, {}, false],
  [{ claims: { groups: { length: 2 } } }, { claims: groups }, false],
]

describe('tokens in assignments', () => {
  it.each(matchers)('C07 token: %j matches %j: %s', (matcher, options, expected) => {
    const given = token(options)
    const { roles } = assign(policyOf({ token: matcher, roles: ['r'] }), { token: given })
    expect(roles).toEqual(expected ? ['r'] : [])
    // Filed under the certificate here, so that nothing but the criteria themselves can hold it back.
    const paired = policyOf({ thumbprint: 'A'.repeat(43), token: matcher, roles: ['r'] })
    expect(assign(paired, { certificate, token: given }).roles).toEqual(roles)
  })

  it('C07 a user whose sub is the id of a client gets none of its roles', () => {
    const policy = policyOf(
      { token: { client: 'svc-a', kind: 'client' }, roles: ['r'] },
      { token: { subject: 'svc-a' }, roles: ['s'] },
    )
    const user = token({ subject: 'svc-a' })
    const client = token({ kind: 'client', subject: 'svc-a', clientId: 'svc-a' })
    expect(assign(policy, { token: user }).roles).toEqual(['s'])
    expect(assign(policy, { token: client }).roles).toEqual(['r'])
  })

  it('C07 azp and client_id in the claims are no client', () => {
    const policy = policyOf({ token: { client: 'svc-a' }, roles: ['r'] })
    const claims = { azp: 'svc-a', client_id: 'svc-a', sub: 'svc-a' }
    expect(assign(policy, { token: token({ claims }) }).roles).toEqual([])
  })

  it('claims that could not come from JSON are looked at no further', () => {
    const policy = policyOf({ token: { claims: { at: { year: 1 } } }, roles: ['r'] })
    const claims = { at: Object.create({ year: 1 }) }
    expect(assign(policy, { token: token({ claims }) }).roles).toEqual([])
  })

  it('C11 an assignment that names both matches nothing less than both', () => {
    const policy = policyOf({ spiffe, token: { subject: 'alice' }, roles: ['r'] })
    const other = peer({ spiffe: 'spiffe://t.test/other' })
    expect(assign(policy, { certificate, token: token() }).roles).toEqual(['r'])
    expect(assign(policy, { certificate }).roles).toEqual([])
    expect(assign(policy, { token: token() }).roles).toEqual([])
    expect(assign(policy, { certificate: other, token: token() }).roles).toEqual([])
    expect(assign(policy, { certificate, token: token({ subject: 'bob' }) }).roles).toEqual([])
  })

  it('C11 certificate: any matches every certificate, and no token', () => {
    const policy = policyOf({ certificate: 'any', roles: ['r'] })
    expect(assign(policy, { certificate: peer({ dns: ['x.test'] }) }).roles).toEqual(['r'])
    expect(assign(policy, { token: token() }).roles).toEqual([])
    const narrowed = policyOf({ certificate: 'any', authority: 'b', roles: ['r'] })
    expect(assign(narrowed, { certificate }).roles).toEqual([])
    expect(assign(narrowed, { certificate: peer({ authority: 'b', o: ['x'] }) }).roles).toEqual([
      'r',
    ])
  })

  it('the roles of a certificate stay with a token, and join those of the token', () => {
    const policy = policyOf(
      { spiffe, roles: ['r'] },
      { spiffe, token: 'any', roles: ['s'] },
      { token: { subject: 'alice' }, roles: ['t'] },
    )
    expect(assign(policy, { certificate, token: token() }).roles).toEqual(['r', 's', 't'])
    expect(assign(policy, { token: token() }).roles).toEqual(['t'])
  })
})

describe('what a token could add', () => {
  const policy = policyOf(
    { spiffe, roles: ['r'] },
    { spiffe, token: { subject: 'alice' }, roles: ['r', 's'] },
    { spiffe: 'spiffe://t.test/other', token: 'any', roles: ['t'] },
  )

  it('is the roles of what matches but for the token, and not there already', () => {
    expect(assign(policy, { certificate })).toEqual({ roles: ['r'], rolesWithToken: ['s'] })
  })

  it('is nothing once a token was presented, whichever it is', () => {
    const bob = { certificate, token: token({ subject: 'bob' }) }
    expect(assign(policy, bob)).toEqual({ roles: ['r'], rolesWithToken: [] })
  })

  it('is nothing for a certificate no assignment with a token names', () => {
    const stranger = { certificate: peer({ spiffe: 'spiffe://t.test/x' }) }
    expect(assign(policy, stranger)).toEqual({ roles: [], rolesWithToken: [] })
  })

  it('holds what needs a token alone', () => {
    const alone = policyOf({ token: { subject: 'alice' }, roles: ['t'] })
    expect(assign(alone, { certificate })).toEqual({ roles: [], rolesWithToken: ['t'] })
  })

  it('gives all who have the same roles the same frozen arrays', () => {
    const first = assign(policy, { certificate })
    const second = assign(policy, { certificate: peer({ spiffe, thumbprint: 'C'.repeat(43) }) })
    expect(second.roles).toBe(first.roles)
    expect(second.rolesWithToken).toBe(first.rolesWithToken)
    expect([first.roles, first.rolesWithToken].every(Object.isFrozen)).toBe(true)
  })
})

describe('callers who are told in results', () => {
  const challenge = 'tool-result'
  const policy = policyOf(
    { spiffe, token: { subject: 'alice' }, challenge, roles: ['r'] },
    { token: { subject: 'carol' }, challenge, roles: ['s'] },
    { dns: 'a.test', roles: ['t'] },
  )

  it.each<[string, Peer, boolean]>([
    ['the certificate of the assignment alone', { certificate }, true],
    ['its certificate and token', { certificate, token: token() }, true],
    ['its certificate with another token', { certificate, token: token({ subject: 'bob' }) }, true],
    ['another certificate', { certificate: peer({ dns: ['a.test'] }) }, false],
    ['its token without the certificate', { token: token() }, false],
    ['the token of one that names no certificate', { token: token({ subject: 'carol' }) }, true],
  ])('are those who present %s', (_, given, told) => {
    expect(assign(policy, given).challenge).toBe(told ? 'tool-result' : undefined)
  })
})

describe('the cost of many assignments', () => {
  const length = 20_000
  const user = (index: number): string => `user-${index}`
  const shapes: readonly [string, (index: number) => Assignment, AccessToken][] = [
    [
      'users',
      (index) => ({ token: { issuer: 'https://as.test', subject: user(index) }, roles: ['r'] }),
      token({ subject: user(5) }),
    ],
    [
      'clients',
      (index) => ({ token: { client: user(index), scopes: 'x' }, roles: ['r'] }),
      token({ clientId: user(5), scopes: ['x'] }),
    ],
    [
      'claims',
      (index) => ({ token: { claims: { a: { b: [user(index), -index] } } }, roles: ['r'] }),
      token({ claims: { a: { b: ['x', user(5)] } } }),
    ],
    [
      'users of one certificate',
      (index) => ({ spiffe, token: { subject: user(index) }, roles: ['r'] }),
      token({ subject: user(5) }),
    ],
    [
      'certificates, each with any token',
      (index) => ({
        dns: `h${index}.test`,
        spiffe: [spiffe, `${spiffe}/${index}`],
        token: 'any',
        roles: ['r'],
      }),
      token(),
    ],
  ]

  it.each(shapes)(
    '%s: looks only at the few of 20,000 that could match',
    (_, shape, given) => {
      const make = (count: number) =>
        policyOf(...Array.from({ length: count }, (__, index) => shape(index)), {
          token: 'any',
          roles: ['s'],
        })
      const caller = { certificate: peer({ spiffe, dns: ['h5.test'] }), token: given }
      const timeWith = (policy: Policy) =>
        timeOf(() => {
          for (let run = 0; run < 300; run++) {
            assign(policy, caller)
            assign(policy, { certificate: caller.certificate })
          }
        })
      const [few, many] = [make(10), make(length)]
      expect(assign(many, caller).roles).toEqual(['r', 's'])
      expect(assign(many, { certificate: caller.certificate }).rolesWithToken).toEqual(['r', 's'])
      const ratios = [1, 2, 3].map(() => timeWith(many) / timeWith(few))
      expect(Math.min(...ratios)).toBeLessThan(100)
    },
    60_000,
  )
})
