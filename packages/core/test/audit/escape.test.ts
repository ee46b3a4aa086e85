import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeText } from '../../src/audit/escape.js'

describe('D40 escapeText', () => {
  it.each([
    ['plain text', 'docs.read', 'docs.read'],
    ['letters of any script', 'größe 東京', 'größe 東京'],
    ['a line feed', 'a\nlevel=info', 'a\\u{a}level=info'],
    ['a carriage return', 'a\rb', 'a\\u{d}b'],
    ['NUL', 'a\u0000b', 'a\\u{0}b'],
    ['a terminal sequence', '\u001b[31mred', '\\u{1b}[31mred'],
    ['C1 controls', '\u009b31m', '\\u{9b}31m'],
    ['a direction override', 'a\u202etxt.exe', 'a\\u{202e}txt.exe'],
    ['zero-width characters', 'a\u200b\u200d\ufeffb', 'a\\u{200b}\\u{200d}\\u{feff}b'],
    ['line and paragraph separators', 'a\u2028\u2029', 'a\\u{2028}\\u{2029}'],
    ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['a private character beyond the first plane', '\u{f0000}', '\\u{f0000}'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['a backslash', 'a\\u{a}', 'a\\\\u{a}'],
  ])('writes %s so that a log line stays one', (_, text, expected) => {
    expect(escapeText(text)).toBe(expected)
  })

  it('cuts what is too long', () => {
    expect(escapeText('x'.repeat(128))).toBe('x'.repeat(128))
    expect(escapeText('x'.repeat(129))).toBe(`${'x'.repeat(128)}…`)
    expect(escapeText('x'.repeat(10_000), 10)).toBe(`${'x'.repeat(10)}…`)
  })

  it('leaves nothing that steers a terminal or a log, in whatever text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const written = escapeText(text)
        expect(written).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(Buffer.from(written).toString()).toBe(written)
      }),
    )
  })

  it('keeps different short texts different', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(text, text, (one, other) => {
        fc.pre(one !== other)
        expect(escapeText(one)).not.toBe(escapeText(other))
      }),
    )
  })
})
