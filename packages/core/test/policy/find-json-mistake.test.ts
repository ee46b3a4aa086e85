import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findJsonMistake } from '../../src/policy/find-json-mistake.js'
import { expectLinearTime } from '../linear-time.js'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('findJsonMistake', () => {
  it.each([
    ['', 0],
    [' \n', 2],
    ['{', 1],
    ['{"a": 1,}', 8],
    ['[1 2]', 3],
    ['[1,,2]', 3],
    ['[01]', 1],
    ['[1.]', 1],
    ['[+1]', 1],
    ['[tru]', 1],
    ['[.inf]', 1],
    ['["a\tb"]', 1],
    ['["\\x41"]', 1],
    ['["a]', 1],
    ["['a']", 1],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['{"a": 1 "b": 2}', 8],
    ['{1: 2}', 1],
    ['{"a": [1}', 8],
    ['[1]]', 3],
    ['"a" "b"', 4],
    ['[1] # one', 4],
    ['\ufeff{}', 0],
    ['[1,\u00a02]', 3],
    ['{}}', 2],
    [':', 0],
  ])('finds the mistake of %j at %i', (text, offset) => {
    expect(isJson(text)).toBe(false)
    expect(findJsonMistake(text)).toBe(offset)
  })

  it('finds none in JSON, and in what is none a place up to which nothing is wrong', () => {
    const cut = fc.record({
      value: fc.jsonValue(),
      at: fc.nat(60),
      put: fc.string({ maxLength: 3 }),
    })
    fc.assert(
      fc.property(cut, ({ value, at, put }) => {
        const text = JSON.stringify(value, null, 1)
        expect(findJsonMistake(text)).toBe(text.length)
        const broken = text.slice(0, at) + put + text.slice(at)
        const offset = findJsonMistake(broken)
        expect(findJsonMistake(broken.slice(0, offset))).toBe(offset)
        if (isJson(broken)) expect(offset).toBe(broken.length)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['text', (size: number) => `["${'\\"'.repeat(size)}`],
    ['lists', (size: number) => '[1,'.repeat(size)],
    ['blanks', (size: number) => `[${' '.repeat(size)}x`],
  ])('takes linear time for %s', (_, create) => {
    expectLinearTime({ size: 200_000, create, run: findJsonMistake })
  })
})
