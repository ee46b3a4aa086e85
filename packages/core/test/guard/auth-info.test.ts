import { describe, expect, it } from 'vitest'
import { isGuardAuth, principalOf, toAuthInfo } from '../../src/guard/auth-info.js'
import { holderOf } from '../policy/peer.js'

const principal = holderOf('reader')

describe('authInfo', () => {
  it('names the principal, and holds no token', () => {
    expect(toAuthInfo(principal)).toEqual({
      token: '',
      clientId: principal.name,
      scopes: [],
      extra: { roles: ['reader'], identity: principal.identity },
    })
  })

  it('does not show the certificate to what writes it to a log', () => {
    expect(JSON.stringify(toAuthInfo(principal))).not.toContain('A'.repeat(43))
  })
})

describe('principalOf', () => {
  it('gives the principal back', () => {
    expect(principalOf(toAuthInfo(principal))).toBe(principal)
  })

  it('survives a shallow copy, as the SDKs make one', () => {
    expect(principalOf({ ...toAuthInfo(principal), scopes: ['x'] })).toBe(principal)
  })

  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['text', () => 'reader'],
    [
      'an authInfo of another library',
      () => ({ token: 'x', clientId: 'x', scopes: [], extra: {} }),
    ],
    ['one without extra', () => ({ token: '', clientId: principal.name, scopes: [] })],
    ['one whose extra only looks the same', () => structuredClone(toAuthInfo(principal))],
    [
      'one that inherits from a real one',
      () => ({ extra: Object.create(toAuthInfo(principal).extra) }),
    ],
    ['the principal itself', () => principal],
  ])('throws for %s, and says what is missing', (_, make) => {
    expect(() => principalOf(make())).toThrow('this request passed no guard: mount mcpMtls')
    expect(isGuardAuth(make())).toBe(false)
  })
})
