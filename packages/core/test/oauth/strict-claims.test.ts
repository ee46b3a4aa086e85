import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyClaims, parseClaims } from '../../src/oauth/strict-claims.js'
import { expectLinearTime } from '../linear-time.js'

const parse = (text: string) => parseClaims(Buffer.from(text))

function nested(depth: number): string {
  return `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
}

describe('parseClaims', () => {
  it.each([
    ['C06 refuses a claim given twice', '{"sub":"u","sub":"admin"}'],
    ['C06 refuses a claim given twice, once escaped', '{"sub":"u","s\\u0075b":"admin"}'],
    ['C06 refuses a claim given twice inside of another', '{"cnf":{"jkt":"a","jkt":"b"}}'],
    ['refuses a list', '[]'],
    ['refuses null', 'null'],
    ['refuses what is not JSON', '{"a":1,}'],
    ['refuses a byte order mark', '\ufeff{}'],
    ['refuses what nests too deeply', nested(33)],
    ['refuses nothing at all', ''],
  ])('%s', (_, text) => {
    expect(parse(text)).toBeUndefined()
  })

  it('refuses what is not UTF-8', () => {
    expect(parseClaims(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined()
  })

  it('takes claims of the greatest depth', () => {
    expect(parse(nested(32))).toBeDefined()
  })

  it('takes the same name at two places', () => {
    expect(parse('{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":2}]}')).toEqual({
      a: { x: 1 },
      b: { x: 1 },
      c: [{ x: 1 }, { x: 2 }],
    })
  })

  it('keeps a claim called __proto__ from becoming a prototype', () => {
    const claims = parse('{"__proto__":{"admin":true},"groups":{"__proto__":{"admin":true}}}')
    expect(claims?.['admin']).toBeUndefined()
    expect(claims?.['groups']).not.toHaveProperty('admin')
    expect(Object.keys(claims ?? {})).toEqual(['__proto__', 'groups'])
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('has no claim that was not claimed', () => {
    const claims = parse('{"a":{}}')
    const inner = claims?.['a'] as Record<string, unknown>
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
      expect(claims?.[name]).toBeUndefined()
      expect(inner[name]).toBeUndefined()
    }
  })

  it('freezes at every depth', () => {
    const claims = parse('{"a":{"b":[{"c":1}]}}') as { a: { b: [{ c: number }] } }
    expect(() => Object.assign(claims, { d: 1 })).toThrow(TypeError)
    expect(() => Object.assign(claims.a.b[0], { c: 2 })).toThrow(TypeError)
    expect(() => claims.a.b.push({ c: 2 })).toThrow(TypeError)
  })

  it('keeps every JSON object as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (object) => {
        const text = JSON.stringify(object)
        expect(JSON.stringify(parse(text))).toBe(text)
      }),
    )
  })

  it('takes time in proportion to the claims', () => {
    expectLinearTime({
      size: 32_000,
      create: (size) =>
        Buffer.from(
          JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, i) => [`c${i}`, i]))),
        ),
      run: parseClaims,
    })
  })
})

describe('copyClaims', () => {
  it('leaves out what JSON does not have', () => {
    const claims = copyClaims({ sub: 'u', call: () => 1, none: undefined, at: Symbol('a'), n: 1n })
    expect({ ...claims }).toEqual({ sub: 'u' })
  })

  it('does not share objects with the program', () => {
    const groups = ['a']
    const claims = copyClaims({ groups })
    groups.push('admin')
    expect(claims?.['groups']).toEqual(['a'])
    expect(Object.isFrozen(claims?.['groups'])).toBe(true)
  })

  it('refuses a cycle', () => {
    const extra: Record<string, unknown> = {}
    extra['self'] = extra
    expect(copyClaims(extra)).toBeUndefined()
  })

  it('refuses more values than a token has', () => {
    expect(copyClaims({ list: Array.from({ length: 10_001 }, () => 1) })).toBeUndefined()
    expect(copyClaims({ list: Array.from({ length: 9_000 }, () => 1) })).toBeDefined()
  })

  it('refuses values that multiply', () => {
    let value: unknown = 'x'
    for (let level = 0; level < 30; level += 1) value = [value, value]
    expect(copyClaims({ value })).toBeUndefined()
  })
})

describe('the bounds of copyClaims', () => {
  const nested = (levels: number) => {
    let value: object = {}
    for (let level = 1; level < levels; level += 1) value = { value }
    return value
  }

  it('take 32 levels, and no more', () => {
    expect(copyClaims(nested(32))).toBeDefined()
    expect(copyClaims(nested(33))).toBeUndefined()
    expect(copyClaims({ list: [nested(30)] })).toBeDefined()
    expect(copyClaims({ list: [nested(31)] })).toBeUndefined()
  })

  it('take 10,000 values, and no more', () => {
    const list = (length: number) => ({ list: Array.from({ length }, () => 1) })
    expect(copyClaims(list(9_999))).toBeDefined()
    expect(copyClaims(list(10_000))).toBeUndefined()
  })

  it('leave no name behind of what JSON does not have', () => {
    expect(Object.keys(copyClaims({ none: undefined, call: () => 1 }) ?? { a: 1 })).toEqual([])
  })
})
