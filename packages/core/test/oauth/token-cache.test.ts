import { describe, expect, it } from 'vitest'
import type { AccessToken } from '../../src/oauth/access-token.js'
import { createTokenCache } from '../../src/oauth/token-cache.js'
import { createClock, start } from './authorization-server.js'

function tokenOf(hash: string): AccessToken {
  return {
    issuer: 'https://as.acme.test',
    kind: 'user',
    subject: 'a',
    clientId: 'b',
    scopes: [],
    audience: [],
    expiresAt: start + 1_000,
    binding: {},
    claims: {},
    hash,
  }
}

describe('createTokenCache', () => {
  it('C15 finds a token for the certificate it was verified with alone', () => {
    const cache = createTokenCache(createClock().now)
    const token = tokenOf('hash')
    cache.remember({ token, until: start + 1 }, 'one')
    expect(cache.find('hash', 'one')).toBe(token)
    expect(cache.find('hash', 'two')).toBeUndefined()
    expect(cache.find('hash', undefined)).toBeUndefined()
    expect(cache.find('other', 'one')).toBeUndefined()
  })

  it('C15 finds a token that came without a certificate for no certificate', () => {
    const cache = createTokenCache(createClock().now)
    cache.remember({ token: tokenOf('hash'), until: start + 1 }, undefined)
    expect(cache.find('hash', undefined)).toBeDefined()
    expect(cache.find('hash', 'one')).toBeUndefined()
  })

  it('C15 forgets a token at the end it has', () => {
    const clock = createClock()
    const cache = createTokenCache(clock.now)
    cache.remember({ token: tokenOf('hash'), until: start + 1_000 }, 'one')
    clock.move(999)
    expect(cache.find('hash', 'one')).toBeDefined()
    clock.move(1)
    expect(cache.find('hash', 'one')).toBeUndefined()
  })

  it('C15 remembers nothing that has ended', () => {
    const clock = createClock()
    const cache = createTokenCache(clock.now)
    cache.remember({ token: tokenOf('hash'), until: start }, 'one')
    clock.move(-1_000)
    expect(cache.find('hash', 'one')).toBeUndefined()
  })

  it('holds 10,000 tokens and drops those used least', () => {
    const cache = createTokenCache(createClock().now)
    for (let index = 0; index <= 10_000; index += 1)
      cache.remember({ token: tokenOf(`hash-${index}`), until: start + 1 }, 'one')
    expect(cache.find('hash-0', 'one')).toBeUndefined()
    expect(cache.find('hash-1', 'one')).toBeDefined()
    expect(cache.find('hash-10000', 'one')).toBeDefined()
  })

  it('C15 remembers for 5 seconds that a token is not active', () => {
    const clock = createClock()
    const cache = createTokenCache(clock.now)
    expect(cache.isInactive('hash')).toBe(false)
    cache.rememberInactive('hash')
    clock.move(4_999)
    expect(cache.isInactive('hash')).toBe(true)
    clock.move(1)
    expect(cache.isInactive('hash')).toBe(false)
  })

  it('forgets everything', () => {
    const cache = createTokenCache(createClock().now)
    cache.remember({ token: tokenOf('hash'), until: start + 1 }, 'one')
    cache.rememberInactive('other')
    cache.clear()
    expect(cache.find('hash', 'one')).toBeUndefined()
    expect(cache.isInactive('other')).toBe(false)
  })
})
