import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { parseUriPattern } from '../../src/policy/uri-pattern.js'

describe('parseUriPattern', () => {
  it.each([
    ['file:///a', 'file:///a', true],
    ['file:///a', 'file:///a/', false],
    ['file:///a', 'file:///ab', false],
    ['urn:isbn:1', 'urn:isbn:1', true],
    ['file:///a/*', 'file:///a/b', true],
    ['file:///a/*', 'file:///a/', false],
    ['file:///a/*', 'file:///a', false],
    ['file:///a/*', 'file:///a/b/c', false],
    ['file:///a/*', 'file:///ab/c', false],
    ['file:///a/*', 'file:///a/b?c', false],
    ['file:///a/*', 'FILE:///a/b', false],
    ['file:///*/c', 'file:///b/c', true],
    ['file:///*/c', 'file:////c', false],
    ['file:///a/**', 'file:///a/b', true],
    ['file:///a/**', 'file:///a/b/c/d', true],
    ['file:///a/**', 'file:///a/b/', true],
    ['file:///a/**', 'file:///a/b?c=/d//e', true],
    ['file:///a/**', 'file:///a/', false],
    ['file:///a/**', 'file:///a', false],
    ['file:///a/**', 'file:///a//etc/passwd', false],
    ['file:///a/**', 'file:///ab/c', false],
    ['https://h.test/*/x/**', 'https://h.test/a/x/b', true],
    ['https://h.test/*/x/**', 'https://h.test.evil/a/x/b', false],
    ['https://h.test/**', 'https://h.test@evil.test/a', false],
    ['https://h.test/**', 'https://h.test:8443/a', false],
  ])('%j allows %j: %s', (pattern, uri, expected) => {
    expect(parseUriPattern(pattern).allows(uri)).toBe(expected)
  })

  it.each([
    ['file:///a/**', 'file:///a/', true],
    ['file:///a/**', 'file:///a//b', true],
    ['file:///a/*', 'file:///a/', true],
    ['file:///a/b!/**', 'file:///a/b!/c', true],
    ['file:///a/b%21/**', 'file:///a/b!/c', true],
    ['file:///a/**', 'file:///ab', false],
    ['file:///a/*', 'file:///a/b/c', false],
    ['file:///a/*', 'other:///a/b', false],
  ])('%j denies %j: %s', (pattern, uri, expected) => {
    expect(parseUriPattern(pattern).denies(uri)).toBe(expected)
  })

  it.each([
    ['public/**', '"public/**" is no URI: write it with its scheme, such as "file:///public/**"'],
    [
      'urn:isbn:*',
      '"urn:isbn:*" has a wildcard outside a path: a wildcard needs scheme://authority/ before it, any other URI is written out',
    ],
    [
      'urn:x:https://h.test/*',
      '"urn:x:https://h.test/*" has a wildcard outside a path: a wildcard needs scheme://authority/ before it, any other URI is written out',
    ],
    [
      'https://*.test/a',
      '"https://*.test/a" has a wildcard in its authority, which is literal: write one pattern for each authority',
    ],
    [
      'https://h.test/*?a=b',
      '"https://h.test/*?a=b" has a wildcard and a query or fragment: end the pattern with "/**", or write the whole URI out',
    ],
    ['file:///a/**/b', 'has "**" before the end: write "*" for each segment, "/**" only last'],
    [
      'file:///a/b*',
      'has a wildcard inside the segment "b*": "*" is a whole segment, write "/*" or a final "/**"',
    ],
    [
      'file:///a/***',
      'has a wildcard inside the segment "***": "*" is a whole segment, write "/*" or a final "/**"',
    ],
  ])('refuses %j and says what to write', (pattern, message) => {
    expect(() => parseUriPattern(pattern)).toThrow(new ConfigurationError(message))
  })
})
