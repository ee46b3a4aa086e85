import { describe, expect, it } from 'vitest'
import { parseSpiffeId, parseTrustDomain } from '../../src/identity/spiffe-id.js'

const refused = expect.objectContaining({ reason: 'spiffe-id', code: 'ERR_MTLS_CERTIFICATE' })
const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
const allowedInTrustDomain = new Set('abcdefghijklmnopqrstuvwxyz0123456789.-_')
const allowedInPath = new Set([...allowedInTrustDomain, ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'])

function accepted(text: string): boolean {
  try {
    parseSpiffeId(text)
    return true
  } catch {
    return false
  }
}

describe('parseSpiffeId', () => {
  it.each([
    ['spiffe://trustdomain', 'trustdomain', []],
    ['spiffe://trustdomain/path', 'trustdomain', ['path']],
    ['spiffe://trustdomain/.path', 'trustdomain', ['.path']],
    ['spiffe://trustdomain/..path', 'trustdomain', ['..path']],
    ['spiffe://trustdomain/...', 'trustdomain', ['...']],
    ['spiffe://1.2.3.4/x', '1.2.3.4', ['x']],
    ['spiffe://a_b-c.d/x', 'a_b-c.d', ['x']],
    ['spiffe://acme.test/ns/Ops/sa/deployer', 'acme.test', ['ns', 'Ops', 'sa', 'deployer']],
    ['spiffe://td/__proto__/constructor', 'td', ['__proto__', 'constructor']],
  ])('splits %s', (text, trustDomain, path) => {
    expect(parseSpiffeId(text)).toEqual({ text, trustDomain, path })
  })

  it('freezes what it returns, path included', () => {
    const id = parseSpiffeId('spiffe://td/a')
    expect(Object.isFrozen(id) && Object.isFrozen(id.path)).toBe(true)
  })

  it.each([
    '',
    's',
    'spiffe:/',
    'spiffe:',
    'spiffe//td/x',
    'https://td/x',
    ' spiffe://td/x',
    'spiffe://',
    'spiffe:///',
    'spiffe:///path',
    'spiffe://td/.',
    'spiffe://td/./path',
    'spiffe://td/path/./other',
    'spiffe://td/path/..',
    'spiffe://td/..',
    'spiffe://td/../path',
    'spiffe://../path/',
    'spiffe://td/',
    'spiffe://td//',
    'spiffe://td//path',
    'spiffe://td/path/',
    'spiffe://td/a//b',
    'spiffe://%F0%9F%A4%AF/path',
    'spiffe://td/%62%61%64',
    'spiffe://td:80/x',
    'spiffe://u@td/x',
    'spiffe://td/x?q',
    'spiffe://td/x#f',
    'spiffe://td?q',
    'spiffe://[::1]/x',
    'spiffe://td/ä',
    'spiffe://td\\x',
    'spiffe://td/a\nb',
    'spiffe://td/a\n',
    'spiffe://td\n',
    'spiffe://td/a\0',
  ])('refuses %j', (text) => {
    expect(() => parseSpiffeId(text)).toThrow(refused)
  })

  it.each(['Spiffe://td/x', 'SPIFFE://td/a', 'spiffe://Td/x', 'spiffe://td/x#', 'spiffe://td/x?'])(
    'B01 refuses %s, which other implementations fold or trim',
    (text) => {
      expect(() => parseSpiffeId(text)).toThrow(refused)
    },
  )

  it('accepts in a trust domain exactly the characters of the specification', () => {
    // A slash ends the trust domain and leaves an empty path segment: refused as well.
    const passed = bytes.filter((byte) => accepted(`spiffe://td${byte}`))
    expect(new Set(passed)).toEqual(allowedInTrustDomain)
  })

  it('accepts in a path exactly the characters of the specification', () => {
    const passed = bytes.filter((byte) => accepted(`spiffe://td/path${byte}`))
    expect(new Set(passed)).toEqual(allowedInPath)
  })

  it('accepts 2048 bytes and refuses 2049', () => {
    const longest = 'spiffe://td/'.padEnd(2048, 'a')
    expect(parseSpiffeId(longest).text).toBe(longest)
    expect(() => parseSpiffeId(`${longest}a`)).toThrow(refused)
  })
})

describe('parseTrustDomain', () => {
  it('accepts 255 bytes and refuses 256', () => {
    expect(parseTrustDomain('a'.repeat(255))).toHaveLength(255)
    expect(() => parseTrustDomain('a'.repeat(256))).toThrow(refused)
    expect(() => parseSpiffeId(`spiffe://${'a'.repeat(256)}/x`)).toThrow(refused)
  })

  it.each(['', 'TD', 'td/', 'spiffe://td', 'td:1', 'td ', 'td\n', '*'])('refuses %j', (text) => {
    expect(() => parseTrustDomain(text)).toThrow(refused)
  })
})
