import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBoundToKey, parseTokenBinding } from '../../src/oauth/token-binding.js'

const hash = createHash('sha256').update('certificate').digest('base64url')

describe('parseTokenBinding', () => {
  it('takes a token without the claim for one that is not bound', () => {
    expect(parseTokenBinding(undefined)).toEqual({})
  })

  it('C10 reads the thumbprint of a certificate and of a key', () => {
    expect(parseTokenBinding({ 'x5t#S256': hash })).toEqual({ certificate: hash })
    expect(parseTokenBinding({ jkt: hash })).toEqual({ key: hash })
    expect(parseTokenBinding({ 'x5t#S256': hash, jkt: hash })).toEqual({
      certificate: hash,
      key: hash,
    })
  })

  it.each([
    ['null', null],
    ['a text', hash],
    ['a list', [hash]],
    ['an empty object', {}],
    ['a member that is not known', { jwk: {} }],
    ['a member that is not known beside one that is', { 'x5t#S256': hash, kid: 'a' }],
    ['the SHA-1 thumbprint', { x5t: hash }],
    ['another case', { 'X5T#S256': hash }],
    ['a number', { jkt: 1 }],
    ['hexadecimal', { 'x5t#S256': createHash('sha256').update('a').digest('hex') }],
    ['padding', { 'x5t#S256': `${hash}=` }],
    ['base64', { 'x5t#S256': `${hash.slice(0, 41)}+${hash.slice(42)}` }],
    ['one character less', { 'x5t#S256': hash.slice(1) }],
    ['a line feed', { 'x5t#S256': `${hash}\n` }],
    ['bits left over', { 'x5t#S256': `${'A'.repeat(42)}B` }],
    ['a list of hashes', { 'x5t#S256': [hash] }],
    ['a member called __proto__', JSON.parse('{"__proto__":{"jkt":"a"}}')],
  ])('C10 refuses %s', (_, cnf) => {
    expect(() => parseTokenBinding(cnf)).toThrow(
      expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason: 'binding' }),
    )
  })

  it('takes exactly the base64url of 32 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 30, maxLength: 34 }), (bytes) => {
        const jkt = Buffer.from(bytes).toString('base64url')
        if (bytes.length === 32) expect(parseTokenBinding({ jkt })).toEqual({ key: jkt })
        else expect(() => parseTokenBinding({ jkt })).toThrow()
      }),
    )
  })
})

describe('isBoundToKey', () => {
  it('looks at own members alone', () => {
    expect(isBoundToKey({ cnf: { jkt: hash } })).toBe(true)
    expect(isBoundToKey({ cnf: Object.create({ jkt: hash }) })).toBe(false)
    expect(isBoundToKey({ cnf: { 'x5t#S256': hash } })).toBe(false)
    expect(isBoundToKey({})).toBe(false)
  })
})
