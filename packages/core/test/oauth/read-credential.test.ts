import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestError, TokenError } from '../../src/errors.js'
import { isCredentialError, readCredential } from '../../src/oauth/read-credential.js'
import { expectLinearTime } from '../linear-time.js'

const token = 'planted-canary.token-_~+/=='

/** What a call throws; fails if it throws nothing. */
function failureOf(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

function readHeaders(...rawHeaders: readonly string[]) {
  return readCredential(rawHeaders, '/mcp')
}

function expectMalformed(call: () => unknown): void {
  const error = failureOf(call)
  expect(error).toBeInstanceOf(RequestError)
  expect(error).toMatchObject({ status: 400, rpcCode: -32600 })
  expect(isCredentialError(error)).toBe(true)
  expect(error.message).toMatch(/header (authorization|dpop)/)
  expect(inspect(error)).not.toContain('canary')
}

describe('readCredential', () => {
  it('C13 reads a bearer token, however header and scheme are written', () => {
    for (const [name, scheme] of [
      ['Authorization', 'Bearer'],
      ['authorization', 'bearer'],
      ['AUTHORIZATION', 'BEARER'],
    ] as const) {
      const credential = readHeaders('Host', 'a', name, `${scheme} ${token}`)
      expect(credential?.scheme).toBe('bearer')
      expect(credential?.token).toBe(token)
      expect(credential?.proof).toBeUndefined()
    }
  })

  it('C13 gives undefined for a request without Authorization', () => {
    expect(readHeaders()).toBeUndefined()
    expect(readHeaders('Host', 'a', 'X-Authorization', 'Bearer a', 'DPoP', 'p')).toBeUndefined()
    expect(readHeaders('Accept', 'authorization', 'Via', 'Authorization')).toBeUndefined()
  })

  it.each([
    ['the same twice', ['Authorization', 'Bearer a', 'Authorization', 'Bearer a']],
    ['two, in two cases', ['authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b']],
    ['an empty one first', ['Authorization', '', 'Authorization', 'Bearer canary']],
    ['an empty one last', ['Authorization', 'Bearer canary', 'Authorization', '']],
  ])('C13 refuses Authorization sent twice: %s', (_, rawHeaders) => {
    expectMalformed(() => readHeaders(...rawHeaders))
  })

  it.each([
    ['nothing', ''],
    ['a scheme alone', 'Bearer'],
    ['a scheme and a space', 'Bearer '],
    ['a token alone', 'canary'],
    ['two spaces', 'Bearer  canary'],
    ['a tab', 'Bearer\tcanary'],
    ['a space before', ' Bearer canary'],
    ['a space after', 'Bearer canary '],
    ['a line feed after', 'Bearer canary\n'],
    ['something after the token', 'Bearer canary junk'],
    ['two values joined', 'Bearer canary, Bearer b'],
    ['a comma', 'Bearer canary,'],
    ['a parameter', 'Bearer token="canary"'],
    ['only padding', 'Bearer ='],
    ['padding inside', 'Bearer can=ary'],
    ['what token68 does not have', 'Bearer canary!'],
    ['a letter beyond ASCII', 'Bearer canar\u00fd'],
    ['a scheme that folds to Bearer', 'Bearer\u212a canary'],
    ['Basic', 'Basic Y2FuYXJ5'],
    ['Negotiate', 'Negotiate canary'],
    ['a scheme beginning like Bearer', 'BearerX canary'],
    ['a scheme ending like DPoP', 'XDPoP canary'],
    ['more than 16 KiB', `Bearer ${'a'.repeat(16_384)}`],
  ])('C13 refuses an Authorization of %s', (_, value) => {
    expectMalformed(() => readHeaders('Authorization', value, 'DPoP', 'proof'))
  })

  it('C13 takes a token just short of the limit', () => {
    const long = 'a'.repeat(16_384 - 'Bearer '.length)
    expect(readHeaders('Authorization', `Bearer ${long}`)?.token).toBe(long)
  })

  it('C13 reads a long Authorization in linear time', () => {
    expectLinearTime({
      size: 16_000,
      create: (size) => `Bearer ${'a'.repeat(size)}!`,
      run: (value) => failureOf(() => readHeaders('Authorization', value)),
    })
  })

  it('C13 takes a header cut off from its value for an empty one', () => {
    expectMalformed(() => readHeaders('Authorization'))
  })

  it.each([
    ['plain', '/mcp?access_token=canary'],
    ['among others', '/mcp?a=b&access_token=canary&c=d'],
    ['without a value', '/mcp?access_token'],
    ['with an empty value', '/mcp?access_token='],
    ['in another case', '/mcp?Access_Token=canary'],
    ['with an escaped letter', '/mcp?%61ccess_token=canary'],
    ['escaped throughout', '/mcp?%61%63%63%65%73%73%5f%74%6F%6b%65%6e=canary'],
    ['as a list', '/mcp?access_token[]=canary'],
    ['as an escaped list', '/mcp?access_token%5B%5D=canary'],
    ['as an element', '/mcp?access_token[0]=canary'],
    ['in brackets', '/mcp?[access_token]=canary'],
    ['with a member', '/mcp?access_token.x=canary'],
    ['after a semicolon', '/mcp?a=b;access_token=canary'],
    ['after a second question mark', '/mcp?a=b?access_token=canary'],
    ['after a number sign', '/mcp?a=b#access_token=canary'],
    ['with a plus sign before it', '/mcp?+access_token=canary'],
    ['with a zero byte after it', '/mcp?access_token%00=canary'],
    ['with a wrong escape beside a right one', '/mcp?%61ccess_token%zz=canary'],
    ['with bytes that are no UTF-8', '/mcp?%61ccess_token%ff=canary'],
    ['in an absolute request target', 'https://a.test/mcp?access_token=canary'],
  ])('C12 refuses a token in the query, %s', (_, url) => {
    const alone = failureOf(() => readCredential(['Host', 'a'], url))
    expect(alone).toBeInstanceOf(TokenError)
    expect(alone).toMatchObject({ reason: 'malformed' })
    expect(isCredentialError(alone)).toBe(false)
    expect(inspect(alone)).not.toContain('canary')
    expectMalformed(() => readCredential(['Authorization', 'Bearer canary'], url))
    expectMalformed(() => readCredential(['Authorization', ''], url))
  })

  it.each([
    '/mcp?access_token_hint=a',
    '/mcp?my_access_token=a',
    '/mcp?token=access_token',
    '/mcp?access-token=a',
    '/mcp?a=%26access_token=b',
    '/access_token=a',
    '/mcp;access_token=a?b=c',
    '/mcp?',
    '',
  ])('C12 leaves other queries alone: %s', (url) => {
    expect(readCredential(['Authorization', 'Bearer a'], url)?.token).toBe('a')
    expect(readCredential([], url)).toBeUndefined()
  })

  it('C12 reads a long query in linear time', () => {
    expectLinearTime({
      size: 200_000,
      create: (size) => `/mcp?${'%5B['.repeat(size / 4)}`,
      run: (url) => readCredential([], url),
    })
  })

  it('C17 reads a DPoP token with its proof', () => {
    for (const scheme of ['DPoP', 'dpop', 'DPOP']) {
      const credential = readHeaders('dPoP', 'a.b.c', 'Authorization', `${scheme} ${token}`)
      expect(credential?.scheme).toBe('dpop')
      expect(credential?.token).toBe(token)
      expect(credential?.proof).toBe('a.b.c')
    }
  })

  it('C17 refuses a DPoP token without a proof', () => {
    const error = failureOf(() => readHeaders('Authorization', 'DPoP canary'))
    expect(error).toBeInstanceOf(TokenError)
    expect(error).toMatchObject({ reason: 'proof' })
    expect(inspect(error)).not.toContain('canary')
  })

  it.each(['DPoP canary', 'Bearer canary'])('C17 refuses two proofs beside %s', (value) => {
    expectMalformed(() => readHeaders('Authorization', value, 'DPoP', 'a', 'dpop', 'a'))
    expectMalformed(() => readHeaders('DPoP', 'a', 'DPOP', 'b'))
  })

  it('C17 drops a proof beside a bearer token', () => {
    expect(readHeaders('Authorization', 'Bearer a', 'DPoP', 'p')?.proof).toBeUndefined()
  })

  it('C19 shows neither token nor proof to whoever prints, spreads or serialises it', () => {
    const credential = readHeaders('Authorization', `DPoP ${token}`, 'DPoP', 'canary-proof')
    expect(JSON.stringify(credential)).toBe('{"scheme":"dpop"}')
    expect(inspect(credential)).not.toContain('canary')
    expect(JSON.stringify({ ...credential })).not.toContain('canary')
    expect(Object.isFrozen(credential)).toBe(true)
  })

  it('C14 is not moved by any other header', () => {
    const header = fc.tuple(
      fc.constantFrom(
        'Host',
        'X-Forwarded-Host',
        'Forwarded',
        'X_Authorization',
        'Cookie',
        '__proto__',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(header), fc.array(header), (before, after) => {
        const rawHeaders = [...before.flat(), 'Authorization', 'Bearer good', ...after.flat()]
        expect(readCredential(rawHeaders, '/mcp')?.token).toBe('good')
      }),
    )
  })

  it('C13 gives a token of token68 or throws one of its two errors, whatever is sent', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('Bearer', 'DPoP', 'Basic'), fc.string())
        .map((parts) => parts.join(' ')),
    )
    fc.assert(
      fc.property(value, fc.string(), (authorization, query) => {
        try {
          const credential = readCredential(['Authorization', authorization], `/mcp?${query}`)
          expect(credential?.token).toMatch(/^[A-Za-z0-9._~+/-]+=*$/)
          expect(authorization).toContain(` ${credential?.token}`)
        } catch (error) {
          expect(error instanceof TokenError || isCredentialError(error)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('isCredentialError', () => {
  it('C13 tells other errors apart', () => {
    expect(isCredentialError(new RequestError(400, -32600, 'other'))).toBe(false)
    expect(isCredentialError(new TokenError('malformed', 'other'))).toBe(false)
    expect(isCredentialError(undefined)).toBe(false)
    expect(isCredentialError('header authorization is sent twice')).toBe(false)
  })
})
