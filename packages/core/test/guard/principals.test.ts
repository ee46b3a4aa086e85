import { describe, expect, it } from 'vitest'
import { createPrincipals } from '../../src/guard/principals.js'
import { definePolicy } from '../../src/policy/define.js'
import { peer, token } from '../policy/peer.js'
import { policy } from './stage.js'

describe('principals', () => {
  const principalOf = createPrincipals(['dns'])
  const certificate = peer({ dns: ['a.test'] })

  it('are made once for the same credentials and policy', () => {
    const first = principalOf({ certificate }, policy)
    expect(principalOf({ certificate }, policy)).toBe(first)
    expect(principalOf({ certificate }, definePolicy({ version: 1 }))).not.toBe(first)
  })

  it('C15 of one token are not taken over by another certificate', () => {
    const held = token()
    const first = principalOf({ certificate, token: held }, policy)
    const renewed = peer({ dns: ['a.test'], thumbprint: 'C'.repeat(43) })
    const other = principalOf({ certificate: renewed, token: held }, policy)
    expect(other.certificate).toBe(renewed)
    expect(principalOf({ certificate, token: held }, policy)).not.toBe(other)
    expect(first.certificate).toBe(certificate)
  })

  it('A34 of a certificate another authority vouches for are others', () => {
    const held = token()
    const foreign = peer({ dns: ['a.test'], authority: 'partners' })
    principalOf({ certificate, token: held }, policy)
    expect(principalOf({ certificate: foreign, token: held }, policy).name).toMatch(/^partners/)
  })

  it('are shared by connections with one certificate and one token', () => {
    const held = token()
    const again = peer({ dns: ['a.test'] })
    const first = principalOf({ certificate, token: held }, policy)
    expect(principalOf({ certificate: again, token: held }, policy)).toBe(first)
    expect(principalOf({ token: held }, policy)).not.toBe(first)
  })

  it('of an observed certificate are others than those of the token alone', () => {
    const held = token()
    const alone = principalOf({ token: held }, policy)
    const observed = principalOf({ token: held, observedAuthority: 'openai' }, policy)
    expect(alone.observedAuthority).toBeUndefined()
    expect(observed.observedAuthority).toBe('openai')
    expect(principalOf(observed, definePolicy({ version: 1 })).observedAuthority).toBe('openai')
  })

  it('are told challenges as their authority wants it, and as assignments say', () => {
    const authorities = [
      { name: 'openai', anchors: [], trustDomains: [], challenge: 'tool-result' as const },
      { name: 'default', anchors: [], trustDomains: [] },
    ]
    const told = createPrincipals(['dns'], { authorities })
    const shared = peer({ dns: ['a.test'], authority: 'openai' })
    expect(told({ certificate: shared }, policy).challenge).toBe('tool-result')
    expect(told({ token: token(), observedAuthority: 'openai' }, policy).challenge).toBe(
      'tool-result',
    )
    expect(told({ certificate }, policy).challenge).toBeUndefined()
    expect(told({ token: token() }, policy).challenge).toBeUndefined()
    const saying = definePolicy({
      version: 1,
      roles: { r: {} },
      assignments: [{ dns: 'a.test', token: 'any', challenge: 'tool-result', roles: ['r'] }],
    })
    const asked = told({ certificate }, saying)
    expect(asked.challenge).toBe('tool-result')
    // What a policy no longer says is not kept.
    expect(told(asked, policy).challenge).toBeUndefined()
  })
})
