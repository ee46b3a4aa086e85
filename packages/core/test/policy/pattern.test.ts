import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { parseNamePattern } from '../../src/policy/pattern.js'
import { expectLinearTime } from '../linear-time.js'

describe('parseNamePattern', () => {
  it.each([
    ['search', 'search', true],
    ['search', 'Search', false],
    ['search', 'search ', false],
    ['search', 'searches', false],
    ['*', '', true],
    ['*', 'anything at all\n', true],
    ['docs.*', 'docs.read', true],
    ['docs.*', 'docs.', true],
    ['docs.*', 'docs', false],
    ['docs.*', 'xdocs.read', false],
    ['*.read', 'docs.read', true],
    ['*.read', 'docs.read.all', false],
    ['a*b', 'ab', true],
    ['a*b', 'a', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['a*bc*c', 'abc', false],
    ['*ab*ab*', 'xabyabz', true],
    ['*ab*ab*', 'xabz', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['a?', 'ab', false],
    ['\\*', '*', false],
    ['\\*', '\\anything', true],
    ['é', 'e\u0301', false],
    ['K*', '\u212aelvin', false],
    ['x*', 'x\ud800', true],
  ])('%j against %j is %s', (pattern, name, expected) => {
    expect(parseNamePattern(pattern).matches(name)).toBe(expected)
  })

  it('knows one name from a pattern', () => {
    expect(parseNamePattern('search').exact).toBe(true)
    for (const text of ['search*', '*search', '*']) {
      expect(parseNamePattern(text).exact).toBe(false)
    }
  })

  it.each([
    ['', 'is empty: write a pattern, or remove the entry'],
    ['a**b', 'has "**": one "*" is already any run of characters, write "a*b"'],
    ['***', 'has "**": one "*" is already any run of characters, write "*"'],
    ['a'.repeat(2049), 'is longer than 2048 characters: write a shorter pattern'],
  ])('refuses %j and says what to write', (pattern, message) => {
    expect(() => parseNamePattern(pattern)).toThrow(new ConfigurationError(message))
  })

  it('agrees with a regular expression on random patterns and names', () => {
    const letters = fc.stringMatching(/^[ab*]{1,8}$/).map((text) => text.replaceAll(/\*+/g, '*'))
    const names = fc.stringMatching(/^[ab]{0,12}$/)
    fc.assert(
      fc.property(letters, names, (pattern, name) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '[^]*')}$`)
        expect(parseNamePattern(pattern).matches(name)).toBe(expression.test(name))
      }),
      { numRuns: 2000 },
    )
  })

  it('D37 takes linear time for a name of 100 KB that almost matches', () => {
    const pattern = parseNamePattern('*a*a*a*a*a*a*a*a*b')
    expect(pattern.matches(`${'a'.repeat(100_000)}b`)).toBe(true)
    const create = (size: number) => `${'a'.repeat(size)}c`
    const run = (name: string) => expect(pattern.matches(name)).toBe(false)
    expectLinearTime({ size: 100_000, create, run })
  })
})
