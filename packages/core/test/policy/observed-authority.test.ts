import { describe, expect, it } from 'vitest'
import { assignRoles } from '../../src/policy/assign-roles.js'
import { definePolicy } from '../../src/policy/define.js'
import type { AssignmentDefinition } from '../../src/policy/definition.js'
import { explainDenial } from '../../src/policy/explain.js'
import { createPrincipal } from '../../src/policy/principal.js'
import { peer, token, tool } from './peer.js'

type Asked = Omit<AssignmentDefinition<'r'>, 'roles'>

function rolesOf(asked: Asked, observedAuthority = 'openai'): readonly string[] {
  const policy = definePolicy({
    version: 1,
    roles: { r: {} },
    assignments: [{ ...asked, roles: ['r'] }],
  })
  return assignRoles(policy, { token: token(), observedAuthority }, ['spiffe', 'dns']).roles
}

describe('the caller of an authority whose certificate is only observed', () => {
  it.each<[string, Asked]>([
    ['any token', { authority: 'openai', token: 'any' }],
    ['its user', { authority: 'openai', token: { subject: 'alice' } }],
    ['it among others', { authority: ['corp', 'openai'], token: 'any' }],
    ['a token and no certificate', { token: 'any' }],
  ])('gets the roles of assignments that name the authority and %s', (_, asked) => {
    expect(rolesOf(asked)).toEqual(['r'])
  })

  it.each<[string, Asked]>([
    ['that ask for no token', { authority: 'openai' }],
    ['that name another user', { authority: 'openai', token: { subject: 'bob' } }],
    ['of another authority', { authority: 'corp', token: 'any' }],
    ['that ask for any certificate', { certificate: 'any', token: 'any' }],
    [
      'that name a DNS name beside the authority',
      { authority: 'openai', dns: 'mtls.test', token: 'any' },
    ],
    ['that name a SPIFFE ID', { spiffe: 'spiffe://t.test/**', token: 'any' }],
    [
      'that name an issuer beside the authority',
      { authority: 'openai', issuer: 'CN=Test CA', token: 'any' },
    ],
    ['that ask for any certificate alone', { certificate: 'any' }],
  ])('gets no role of assignments %s', (_, asked) => {
    expect(rolesOf(asked)).toEqual([])
  })

  it('is not taken for one where it presents a certificate', () => {
    const policy = definePolicy({
      version: 1,
      roles: { r: {} },
      assignments: [{ authority: 'openai', token: 'any', roles: ['r'] }],
    })
    const certificate = peer({ authority: 'corp', dns: ['a.test'] })
    const given = { certificate, token: token(), observedAuthority: 'openai' }
    expect(assignRoles(policy, given, ['dns']).roles).toEqual([])
  })

  it('is promised no role for a token: it has one', () => {
    const policy = definePolicy({
      version: 1,
      roles: { r: {} },
      assignments: [{ authority: 'openai', token: { subject: 'bob' }, roles: ['r'] }],
    })
    const given = { token: token(), observedAuthority: 'openai' }
    expect(assignRoles(policy, given, ['dns']).rolesWithToken).toEqual([])
  })

  it('is called by its token alone, and told of in hints as one of the authority', () => {
    const policy = definePolicy({ version: 1 })
    const principal = createPrincipal(
      policy,
      { token: token(), observedAuthority: 'openai', challenge: 'tool-result' },
      ['dns'],
    )
    expect(principal).toMatchObject({
      name: '+https://as.test#alice',
      certificateName: '',
      observedAuthority: 'openai',
      challenge: 'tool-result',
    })
    expect(explainDenial(policy, principal, tool('search'))).toContain(
      '- { authority: "openai", token: { issuer: "https://as.test", kind: user, ... }, roles: [...] }',
    )
  })
})
