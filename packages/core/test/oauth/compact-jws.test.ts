import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkHeader, parseCompactJws, signatureAlgorithms } from '../../src/oauth/compact-jws.js'
import { parseClaims } from '../../src/oauth/strict-claims.js'
import { unsigned } from './authorization-server.js'

const header = { alg: 'ES256', kid: 'one', typ: 'at+jwt' }
const good = unsigned(header, { iss: 'a' })
const [protectedHeader, payload, signature] = good.split('.') as [string, string, string]
const malformed = expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason: 'malformed' })

describe('parseCompactJws', () => {
  it('reads header and claims', () => {
    expect(parseCompactJws(good)).toEqual({ header, claims: { iss: 'a' } })
  })

  it.each([
    'opaque',
    'v1.local.token',
    'a.b.c',
    'e3kd.x.y',
    '...',
    '.',
    'e30',
    'bnVsbA.a.b',
    Buffer.from('"text"').toString('base64url').concat('.a.b'),
  ])('takes %s for an opaque token', (token) => {
    expect(parseCompactJws(token)).toBeUndefined()
  })

  it.each([
    ['no signature', `${protectedHeader}.${payload}.`],
    ['the signature stripped', `${protectedHeader}.${payload}`],
    ['no payload', `${protectedHeader}..${signature}`],
    ['four segments', `${good}.AAAA`],
    ['the five segments of a JWE', `${good}.AAAA.AAAA`],
    ['many segments', `${good}${'.A'.repeat(500)}`],
    ['a header that is a list', unsigned([], {})],
    ['a header with a key given twice', unsigned('{"alg":"ES256","alg":"none"}', {})],
    ['claims given twice', unsigned(header, '{"iss":"a","iss":"b"}')],
    ['claims that are no object', unsigned(header, '"text"')],
    ['claims that are no JSON', unsigned(header, '{')],
    ['a header with a character left over', 'e30K_.x.y'],
    ['padding', `${protectedHeader}.${payload}=.${signature}`],
    ['base64 instead of base64url', `${protectedHeader}.${payload}.+/+/`],
    ['bits left over in the signature', `${protectedHeader}.${payload}.AB`],
    ['white space', `${protectedHeader}.${payload} .${signature}`],
  ])('C03 refuses %s', (_, token) => {
    expect(() => parseCompactJws(token)).toThrow(malformed)
  })

  it('never throws anything else, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constant(protectedHeader))), (parts) => {
        try {
          parseCompactJws(parts.join('.'))
        } catch (error) {
          expect(error).toEqual(malformed)
        }
      }),
    )
  })
})

describe('checkHeader', () => {
  const check = (value: object) =>
    checkHeader(parseClaims(Buffer.from(JSON.stringify(value))) ?? {}, signatureAlgorithms)

  it('keeps what a key is chosen by, and nothing else', () => {
    expect(check({ ...header, x5t: 'a', cty: 'b' })).toEqual({ alg: 'ES256', kid: 'one' })
    expect(check({ alg: 'RS256' })).toEqual({ alg: 'RS256' })
  })

  it.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    'HS256',
    'HS384',
    'HS512',
    'es256',
    'ES256K',
    'RSA-OAEP',
    '',
  ])('C03 refuses the algorithm "%s"', (alg) => {
    expect(() => check({ alg })).toThrow(expect.objectContaining({ reason: 'algorithm' }))
  })

  it.each([undefined, null, 1, ['ES256'], { toString: 'ES256' }])(
    'C03 refuses an algorithm that is %j',
    (alg) => {
      expect(() => check({ alg })).toThrow(expect.objectContaining({ reason: 'algorithm' }))
    },
  )

  it.each([
    ['jwk', { kty: 'EC' }],
    ['jku', 'https://evil.test/keys'],
    ['x5u', 'https://evil.test/chain'],
    ['x5c', ['AAAA']],
    ['crit', ['exp']],
    ['b64', false],
    ['b64', true],
  ])('C03 refuses a header with %s', (name, value) => {
    expect(() => check({ ...header, [name]: value })).toThrow(malformed)
  })

  it.each([1, null, ['one'], { a: 1 }])('C09 refuses a key id that is %j', (kid) => {
    expect(() => check({ alg: 'ES256', kid })).toThrow(malformed)
  })

  it('accepts the algorithms of the options alone', () => {
    expect(() => checkHeader({ alg: 'RS256' }, ['ES256'])).toThrow(
      expect.objectContaining({ reason: 'algorithm' }),
    )
  })

  it('repeats nothing of the token', () => {
    const canary = randomBytes(12).toString('hex')
    for (const value of [
      { alg: canary },
      { alg: 'ES256', jku: canary },
      { alg: 'ES256', kid: [canary] },
    ])
      expect(() => check(value)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(canary) }),
      )
  })
})

describe('what is said of a token that is refused', () => {
  it.each([
    [() => parseCompactJws(`${good}.AAAA`), 'the token is no compact JWS of strict JSON'],
    [
      () => checkHeader({ alg: 'HS256' }, signatureAlgorithms),
      'the signature algorithm is not accepted',
    ],
    [
      () => checkHeader({ alg: 'ES256', crit: [] }, signatureAlgorithms),
      'the header parameter crit is not accepted',
    ],
  ])('names the rule', (act, message) => {
    expect(act).toThrow(expect.objectContaining({ message }))
  })
})
