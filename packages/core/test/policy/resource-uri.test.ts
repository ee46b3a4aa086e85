import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import {
  allowsUri,
  parseResourcePattern,
  toDeniedForms,
  toResourceUri,
} from '../../src/policy/resource-uri.js'
import { expectLinearTime } from '../linear-time.js'

function allows(pattern: string, uri: string): boolean {
  return allowsUri(parseResourcePattern(pattern), toResourceUri(uri))
}

describe('toResourceUri', () => {
  it.each(['http', 'file'])(
    'D37 reads a %s URI with an endless foreign host in linear time',
    (scheme) => {
      const create = (size: number) => `${scheme}://${'\u4e2d'.repeat(size)}`
      expectLinearTime({ size: 32_000, create, run: toResourceUri })
    },
  )

  it('D10 knows a URI as sent, as URL writes it, and with unreserved characters decoded', () => {
    expect(toResourceUri('FILE:///a/../%70ub/%c3%a9').forms).toEqual([
      'FILE:///a/../%70ub/%c3%a9',
      'file:///%70ub/%c3%a9',
      'file:///pub/%C3%A9',
    ])
  })

  it.each([
    'file:///pub/%2e%2e/secret',
    'file:///pub/%2E/secret',
    'file:///pub/.%2e/secret',
    'file:///pub/%2e.',
    'file:///pub/a%2Fb',
    'file:///pub/a%2fb',
    'file:///pub/a%5Cb',
    'file:///pub/%252e%252e/secret',
    'file:///pub/a%00.txt',
    'file:///pub/a\u0000.txt',
    'file:///pub\\..\\secret',
    'file:///pub/100%',
    'file:///pub/%zz',
    'file:///pub/%C0%AFsecret',
    'file:///pub/\ud800',
    'pub/a',
    '//pub/a',
    '',
    'https://[',
  ])('D10 lets only the exact string allow %j', (uri) => {
    expect(toResourceUri(uri).ambiguous).toBe(true)
    expect(allows('file:///pub/**', uri)).toBe(false)
    expect(allows('**', uri)).toBe(false)
  })

  it('D10 allows an ambiguous URI whose exact string is in the policy', () => {
    expect(allows('file:///pub/a%2Fb', 'file:///pub/a%2Fb')).toBe(true)
    expect(allows('file:///pub/a%2Fb', 'file:///pub/a%2fb')).toBe(false)
  })

  it.each([
    ['file:///pub/a', true],
    ['file:///pub/a/../b', true],
    ['file:///pub/%61', true],
    ['file:///pub/é', true],
    ['file:///pub/%C3%A9', true],
    ['file:///pub/../secret', false],
    ['file:///pub/a/../../secret', false],
    ['file:///secret/../pub/a', false],
    ['file:///%70ub/a', false],
    ['FILE:///pub/a', false],
    ['file://localhost/pub/a', false],
    ['file:///pub/\t../secret', false],
    [' file:///pub/a', false],
    ['file:///pub/.\n./secret', false],
  ])('D10 file:///pub/** allows %j only if all forms match: %s', (uri, expected) => {
    expect(allows('file:///pub/**', uri)).toBe(expected)
  })

  it('is total', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(toResourceUri(text).forms).toContain(text)
        expect(toDeniedForms(text).has(text)).toBe(true)
      }),
    )
  })
})

describe('toDeniedForms', () => {
  it.each([
    ['FILE:///secret/a', 'file:///secret/a'],
    ['file:///pub/../secret/a', 'file:///secret/a'],
    ['file:///%73ecret/a', 'file:///secret/a'],
    ['file:///secret/a%21b', 'file:///secret/a!b'],
    ['file:///secret/a?', 'file:///secret/a'],
    ['file:///secret/a#b', 'file:///secret/a'],
    ['file:///secret/a%3Fb', 'file:///secret/a'],
    ['file:///secret//a', 'file:///secret/a'],
    ['file:////secret/a', 'file:///secret/a'],
    ['file:///secret%2Fa', 'file:///secret/a'],
    ['https://user:word@h.test/a', 'https://h.test/a'],
    ['https://h.test:443/a', 'https://h.test/a'],
    ['https://H.test/a', 'https://h.test/a'],
  ])('D10 finds that %j may be %j', (uri, form) => {
    expect([...toDeniedForms(uri)]).toContain(form)
  })
})

describe('parseResourcePattern', () => {
  it.each([
    '**',
    'file:///a/**',
    'urn:isbn:1',
    'users://{id}/profile',
    'file:///{path*}',
    'HTTPS://h.test',
  ])('takes %j', (pattern) => {
    expect(parseResourcePattern(pattern).text).toBe(pattern)
  })

  it('takes a template for one exact text', () => {
    expect(parseResourcePattern('file:///{path*}').exact).toBe(true)
  })

  it.each([
    ['', 'is empty: write a pattern, or remove the entry'],
    ['*', 'is no URI: write "**" for every resource'],
    [`u://{${'x'.repeat(2048)}}`, 'is longer than 2048 characters: write a shorter pattern'],
    ['{id}'.padEnd(2049, 'x'), 'is longer than 2048 characters: write a shorter pattern'],
    [
      'FILE:///pub/**',
      '"FILE:///pub/**" can never match, URIs are compared in their normal form: write "file:///pub/**"',
    ],
    [
      'file:///a/../pub/**',
      '"file:///a/../pub/**" can never match, URIs are compared in their normal form: write "file:///pub/**"',
    ],
    [
      'file:///é/**',
      '"file:///é/**" can never match, URIs are compared in their normal form: write "file:///%C3%A9/**"',
    ],
    [
      'file:///%c3%a9/%41/*',
      '"file:///%c3%a9/%41/*" can never match, URIs are compared in their normal form: write "file:///%C3%A9/A/*"',
    ],
    [
      'file:///a%2Fb/**',
      '"file:///a%2Fb/**" has a wildcard and an encoded separator, backslash or broken encoding, which no wildcard matches: write each such URI out',
    ],
  ])('refuses %j and says what to write', (pattern, message) => {
    expect(() => parseResourcePattern(pattern)).toThrow(new ConfigurationError(message))
  })
})
