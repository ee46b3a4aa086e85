import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { profiles } from '../../src/oauth/profile.js'
import type { Claims } from '../../src/oauth/strict-claims.js'
import { readAudience, readExpiry, verifyClaims } from '../../src/oauth/verify-claims.js'
import { claimsOf, resource, seconds, start } from './authorization-server.js'

const issuer = 'https://as.acme.test'
const expected = {
  issuer,
  audience: [resource],
  profile: profiles.rfc9068,
  now: () => start,
}
const refusal = (reason: string) => expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason })

function verify(changes: Record<string, unknown> = {}, settings: object = {}) {
  const claims = JSON.parse(JSON.stringify(claimsOf(issuer, changes))) as Claims
  return verifyClaims({ claims, hash: 'hash', jwtType: 'at+jwt' }, { ...expected, ...settings })
}

describe('verifyClaims of a JWT', () => {
  it('makes an access token', () => {
    const token = verify({ groups: ['a'] })
    expect(token).toEqual({
      issuer,
      kind: 'user',
      subject: 'user-1',
      clientId: 'client-a',
      scopes: ['mcp:read', 'mcp:write'],
      audience: [resource],
      expiresAt: start + 600_000,
      binding: {},
      claims: claimsOf(issuer, { groups: ['a'] }),
      hash: 'hash',
    })
    for (const part of [token, token.scopes, token.audience, token.binding])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it.each([
    ['another server', 'https://other.acme.test/mcp'],
    ['a slash at the end', `${resource}/`],
    ['another case', resource.toUpperCase()],
    ['a prefix', 'https://mcp.acme.test'],
    ['something longer', `${resource}/admin`],
    ['no audience', undefined],
    ['null', null],
    ['an empty list', []],
    ['an empty text', ''],
    ['a list with something else in it', [resource, 1]],
    ['a list in a list', [[resource]]],
    ['an object', { 0: resource, length: 1 }],
    ['a number', 1],
  ])('C01 refuses %s as audience', (_, aud) => {
    expect(() => verify({ aud })).toThrow(refusal('audience'))
  })

  it('C01 takes one audience of several, and any of those configured', () => {
    const aud = ['https://other.acme.test', resource]
    expect(verify({ aud }).audience).toEqual(aud)
    expect(verify({ aud: 'api' }, { audience: [resource, 'api'] }).audience).toEqual(['api'])
    expect(() => verify({}, { audience: ['api'] })).toThrow(refusal('audience'))
  })

  it.each([
    'https://as.acme.test/',
    'https://AS.acme.test',
    'https://as.acme.test:443',
    undefined,
    null,
  ])('C02 refuses the issuer %j', (iss) => {
    expect(() => verify({ iss })).toThrow(refusal('unknown-issuer'))
  })

  it.each(['sub', 'client_id', 'iat', 'jti', 'exp'])('C05 needs the claim %s', (name) => {
    expect(() => verify({ [name]: undefined })).toThrow(refusal('claims'))
    expect(() => verify({ [name]: null })).toThrow(refusal('claims'))
  })

  it.each(['iat', 'exp', 'nbf'])('C05 needs %s to be a number', (name) => {
    for (const value of [String(seconds), -1, 1e300, [], {}, true])
      expect(() => verify({ [name]: value })).toThrow(refusal('claims'))
  })

  it('C05 refuses a jti that is no text', () => {
    expect(() => verify({ jti: 1 })).toThrow(refusal('claims'))
  })

  it('C05 refuses a token issued or beginning in the future, beyond 30 seconds', () => {
    for (const name of ['iat', 'nbf']) {
      expect(verify({ [name]: seconds + 30 }).kind).toBe('user')
      expect(() => verify({ [name]: seconds + 31 })).toThrow(refusal('not-yet-valid'))
    }
  })

  it('C15 refuses a token from the moment it expires, whatever clocks do', () => {
    expect(verify({ exp: seconds + 1 }).expiresAt).toBe(start + 1000)
    expect(() => verify({ exp: seconds })).toThrow(refusal('expired'))
    expect(() => verify({ exp: seconds - 29 })).toThrow(refusal('expired'))
  })

  it('C10 keeps the binding', () => {
    const hash = Buffer.alloc(32, 1).toString('base64url')
    expect(verify({ cnf: { 'x5t#S256': hash } }).binding).toEqual({ certificate: hash })
    expect(() => verify({ cnf: {} })).toThrow(refusal('binding'))
  })

  it('says nothing of the claims when it refuses', () => {
    const canary = 'canary-5d1f'
    for (const name of ['iss', 'aud', 'sub', 'client_id', 'iat', 'exp', 'nbf', 'cnf', 'scope'])
      expect(() => verify({ [name]: [canary] })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(canary) }),
      )
  })
})

describe('verifyClaims of an introspection answer', () => {
  const introspected = (changes: Record<string, unknown>) =>
    verifyClaims({ claims: claimsOf(issuer, changes), hash: 'hash' }, expected)

  it('C16 takes the issuer asked for the issuer of an answer that names none', () => {
    expect(introspected({ iss: undefined, jti: undefined, iat: undefined }).issuer).toBe(issuer)
  })

  it('C16 refuses another issuer, also an empty one', () => {
    for (const iss of ['https://other.acme.test', '', null])
      expect(() => introspected({ iss })).toThrow(refusal('unknown-issuer'))
  })

  it.each([
    ['aud', 'audience'],
    ['exp', 'claims'],
    ['client_id', 'claims'],
  ])('C16 needs %s', (name, reason) => {
    expect(() => introspected({ [name]: undefined })).toThrow(refusal(reason))
  })
})

describe('readAudience', () => {
  it('C01 takes exactly what has an equal text in it', () => {
    const text = fc.constantFrom('a', 'b', 'a/', 'A', '')
    fc.assert(
      fc.property(fc.array(text), fc.array(text, { minLength: 1 }), (aud, configured) => {
        const shared = aud.some((entry) => configured.includes(entry))
        if (shared) expect(readAudience(aud, configured)).toEqual(aud)
        else expect(() => readAudience(aud, configured)).toThrow(refusal('audience'))
      }),
    )
  })
})

describe('readExpiry', () => {
  it('C15 is later than now, or throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer()), (exp) => {
        try {
          expect(readExpiry(exp, start)).toBeGreaterThan(start)
        } catch (error) {
          expect(error).toHaveProperty('code', 'ERR_MTLS_TOKEN')
        }
      }),
    )
  })
})

describe('times of a token', () => {
  it('C05 may be the first and the last there are', () => {
    expect(verify({ nbf: 0, iat: 0 }).expiresAt).toBe(start + 600_000)
    expect(verify({ exp: 8.64e12 }).expiresAt).toBe(8.64e15)
    for (const exp of [8.64e12 + 1, 1e20, -1])
      expect(() => verify({ exp })).toThrow(refusal('claims'))
  })

  it.each([
    [{ exp: '1' }, 'the claim exp is missing or is not what it has to be'],
    [{ exp: seconds }, 'the token has expired'],
    [{ nbf: seconds + 31 }, 'the claim nbf lies in the future'],
    [{ jti: 1 }, 'the claim jti is missing or is not what it has to be'],
    [{ client_id: null }, 'the claim client_id is missing or is not what it has to be'],
    [{ aud: 'x' }, 'the token was not issued for this resource'],
    [{ iss: 'x' }, 'the token names another issuer'],
    [{ scope: 1 }, 'the claim scope is missing or is not what it has to be'],
    [{ scope: 'a"' }, 'the claim scope is missing or is not what it has to be'],
  ])('and the other claims are refused by name: %j', (changes, message) => {
    expect(() => verify(changes)).toThrow(expect.objectContaining({ message }))
  })
})
