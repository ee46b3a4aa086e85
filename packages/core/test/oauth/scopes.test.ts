import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { defineScopes, toScopeParameter } from '../../src/oauth/scopes.js'

describe('defineScopes', () => {
  it('keeps the order and drops repetitions', () => {
    expect(defineScopes(['b', 'a:read', 'b', 'https://acme.test/x'])).toEqual([
      'b',
      'a:read',
      'https://acme.test/x',
    ])
  })

  it.each(['', ' ', 'a b', 'a"', 'a\\', 'a\n', '\u00e4', 'a\u007f'])(
    'C14 refuses %j, which is no scope (RFC 6749 section 3.3)',
    (scope) => {
      expect(() => defineScopes(['a', scope])).toThrow(ConfigurationError)
    },
  )

  it('C18 refuses offline_access and says why', () => {
    expect(() => defineScopes(['offline_access'])).toThrow(/oauth\.scopes: remove offline_access/)
  })
})

describe('toScopeParameter', () => {
  it('C20 names each scope once, whatever their order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['a', 'b', 'c:d'], { minLength: 3 }), (scopes) => {
        expect(toScopeParameter([...scopes, ...scopes])).toBe('a b c:d')
      }),
    )
  })

  it('C14 leaves out what is no scope, and offline_access', () => {
    expect(toScopeParameter(['b', 'x y', 'x"', '', '\r\n', 'offline_access', 'a'])).toBe('a b')
    expect(toScopeParameter(['offline_access', ''])).toBeUndefined()
    expect(toScopeParameter([])).toBeUndefined()
  })
})
