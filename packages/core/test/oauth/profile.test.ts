import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPartyName, parseScopes, profiles } from '../../src/oauth/profile.js'
import { claimsOf } from './authorization-server.js'

const issuer = 'https://as.acme.test'
const refusal = (reason: string) => expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason })

describe('the profile rfc9068', () => {
  const read = (changes: object) => profiles.rfc9068.readParty(claimsOf(issuer, { ...changes }), {})

  it('reads a user, the client and the scopes', () => {
    expect(read({})).toEqual({
      kind: 'user',
      subject: 'user-1',
      clientId: 'client-a',
      scopes: ['mcp:read', 'mcp:write'],
    })
  })

  it('takes a token whose sub is the client for the client', () => {
    expect(read({ sub: 'client-a' })).toMatchObject({ kind: 'client', subject: 'client-a' })
  })

  it('C07 takes a user whose sub is the id of another client for a user', () => {
    expect(read({ sub: 'svc-a' })).toMatchObject({
      kind: 'user',
      subject: 'svc-a',
      clientId: 'client-a',
    })
  })

  it('C07 never takes azp for the client', () => {
    expect(read({ azp: 'svc-a' })).toMatchObject({ clientId: 'client-a', kind: 'user' })
    expect(() => read({ client_id: undefined, azp: 'svc-a' })).toThrow(refusal('claims'))
  })

  it('C07 never takes an act claim for anybody', () => {
    expect(read({ act: { sub: 'admin', client_id: 'svc-a' } })).toMatchObject({
      subject: 'user-1',
      clientId: 'client-a',
    })
  })

  it('C07 refuses a user without sub rather than take the token for the client', () => {
    expect(() => read({ sub: undefined, username: 'alice' })).toThrow(refusal('claims'))
    expect(read({ sub: undefined })).toMatchObject({ kind: 'client', subject: 'client-a' })
    expect(read({ username: 'alice' })).toMatchObject({ kind: 'user', subject: 'user-1' })
  })

  it.each(['sub', 'client_id'])('C05 refuses a %s that is no name', (name) => {
    for (const value of [
      null,
      1,
      '',
      [],
      ['user-1'],
      { a: 1 },
      'a\nb',
      'a\u0000',
      '\ud800',
      'x'.repeat(1025),
    ])
      expect(() => read({ [name]: value })).toThrow(refusal('claims'))
  })
})

describe('the profile keycloak', () => {
  const base = {
    client_id: undefined,
    azp: 'client-a',
    typ: 'Bearer',
    sub: '5f0e8c0e-0000-4000-8000-000000000001',
    preferred_username: 'alice',
  }
  const read = (changes: object, jwtType: string | undefined = 'jwt') =>
    profiles.keycloak.readParty(
      claimsOf(issuer, { ...base, ...changes }),
      jwtType === '' ? {} : { jwtType },
    )

  it('takes the client from azp', () => {
    expect(read({})).toMatchObject({ kind: 'user', subject: base.sub, clientId: 'client-a' })
  })

  it('takes the client from client_id where azp says the same, or nothing', () => {
    expect(read({ client_id: 'client-a' })).toMatchObject({ clientId: 'client-a' })
    expect(read({ client_id: 'client-b', azp: undefined })).toMatchObject({ clientId: 'client-b' })
  })

  it('C07 refuses two clients', () => {
    expect(() => read({ client_id: 'client-b' })).toThrow(refusal('claims'))
  })

  it.each(['ID', 'Refresh', 'Offline', 'Logout', 'bearer', '', null, 1, ['Bearer']])(
    'C04 refuses the claim typ %j',
    (typ) => {
      expect(() => read({ typ })).toThrow(refusal('type'))
      expect(() => read({ typ }, 'at+jwt')).toThrow(refusal('type'))
      expect(() => read({ typ }, '')).toThrow(refusal('type'))
    },
  )

  it('C04 needs the claim typ where the header says no more than JWT', () => {
    expect(() => read({ typ: undefined })).toThrow(refusal('type'))
    expect(read({ typ: undefined }, 'at+jwt')).toMatchObject({ clientId: 'client-a' })
    expect(read({ typ: undefined }, '')).toMatchObject({ clientId: 'client-a' })
  })

  it('C17 takes the claim typ DPoP for a token bound to a key alone', () => {
    expect(read({ typ: 'DPoP', cnf: { jkt: 'a' } })).toMatchObject({ clientId: 'client-a' })
    expect(() => read({ typ: 'DPoP' })).toThrow(refusal('type'))
  })

  it('C17 takes no other claim typ for a token bound to a key', () => {
    const cnf = { jkt: 'A'.repeat(43) }
    for (const typ of ['ID', 'Refresh', 'dpop', ''])
      expect(() => read({ typ, cnf })).toThrow(refusal('type'))
  })

  it('reads the scopes, and takes a token whose sub is the client for the client', () => {
    expect(read({}).scopes).toEqual(['mcp:read', 'mcp:write'])
    expect(read({ sub: 'client-a' })).toMatchObject({ kind: 'client', subject: 'client-a' })
  })

  it('takes a service account for the client', () => {
    const account = {
      client_id: 'Client-A',
      azp: 'Client-A',
      preferred_username: 'service-account-client-a',
    }
    expect(read(account)).toMatchObject({ kind: 'client', subject: 'Client-A' })
  })

  it('C07 takes a user with the name of a service account for a user', () => {
    const user = { preferred_username: 'service-account-client-a' }
    expect(read(user)).toMatchObject({ kind: 'user', subject: base.sub })
    expect(read({ client_id: 'client-a' })).toMatchObject({ kind: 'user' })
    expect(
      read({ client_id: 'client-a', preferred_username: 'service-account-client-b' }),
    ).toMatchObject({ kind: 'user' })
  })

  it('needs a sub', () => {
    expect(() => read({ sub: undefined })).toThrow(refusal('claims'))
  })
})

describe('the profile entra', () => {
  const user = {
    client_id: undefined,
    scope: undefined,
    azp: '11111111-0000-4000-8000-000000000000',
    oid: '22222222-0000-4000-8000-000000000000',
    sub: 'pairwise',
    ver: '2.0',
    scp: 'mcp.read mcp.write',
  }
  const application = { ...user, sub: user.oid, scp: undefined, roles: ['mcp.all'] }
  const read = (changes: object) => profiles.entra.readParty(claimsOf(issuer, { ...changes }), {})

  it('reads a user with what the client may do for them', () => {
    expect(read(user)).toEqual({
      kind: 'user',
      subject: 'pairwise',
      clientId: user.azp,
      scopes: ['mcp.read', 'mcp.write'],
    })
  })

  it('C07 takes a user whose sub is their object for a user', () => {
    expect(read({ ...user, sub: user.oid })).toMatchObject({ kind: 'user', subject: user.oid })
  })

  it('reads an application that acts for itself', () => {
    const party = { kind: 'client', subject: user.azp, clientId: user.azp, scopes: [] }
    expect(read(application)).toEqual(party)
    expect(read({ ...application, idtyp: 'app' })).toEqual(party)
    expect(read({ ...application, idtyp: 'app', sub: 'other' })).toEqual(party)
  })

  it('takes appid where there is no azp, and refuses two that differ', () => {
    expect(read({ ...user, azp: undefined, appid: 'a' })).toMatchObject({ clientId: 'a' })
    expect(() => read({ ...user, appid: 'a' })).toThrow(refusal('claims'))
  })

  it.each([
    ['an ID token of a user with roles', { ...user, scp: undefined, roles: ['admin'] }],
    ['an application without roles', { ...application, roles: undefined }],
    ['an application with no roles', { ...application, roles: [] }],
    ['roles that are no list', { ...application, roles: 'admin' }],
    ['idtyp user without scp', { ...application, idtyp: 'user' }],
    ['a nonce', { ...user, nonce: 'a' }],
    ['an at_hash', { ...user, at_hash: 'a' }],
    ['a c_hash', { ...user, c_hash: 'a' }],
  ])('C04 refuses %s', (_, claims) => {
    expect(() => read(claims)).toThrow(refusal('type'))
  })

  it.each([
    ['version 1.0', { ...user, ver: '1.0' }],
    ['a version that is a number', { ...user, ver: 2 }],
    ['no client', { ...user, azp: undefined }],
    ['an application that has scopes', { ...user, idtyp: 'app' }],
    ['no sub', { ...user, sub: undefined }],
    ['a scp that is a list', { ...user, scp: ['mcp.read'] }],
  ])('C05 refuses %s', (_, claims) => {
    expect(() => read(claims)).toThrow(refusal('claims'))
  })
})

describe('parseScopes', () => {
  it('takes each scope once, and none where there is no claim', () => {
    expect(parseScopes('a b  a c')).toEqual(['a', 'b', 'c'])
    expect(parseScopes('')).toEqual([])
    expect(parseScopes(undefined)).toEqual([])
  })

  it.each([null, 1, ['a'], 'a\tb', 'a"', 'a\\b', 'ä', 'a\u0000', 'a\nb'])('refuses %j', (value) => {
    expect(() => parseScopes(value)).toThrow(refusal('claims'))
  })

  it('reads back whatever scopes are written with a space between', () => {
    const scope = fc.string({ minLength: 1 }).filter((text) => /^[!#-[\]-~]+$/.test(text))
    fc.assert(
      fc.property(fc.uniqueArray(scope), (scopes) => {
        expect(parseScopes(scopes.join(' '))).toEqual(scopes)
      }),
    )
  })
})

describe('isPartyName', () => {
  it('takes names and URLs, and no control characters', () => {
    expect(isPartyName('https://client.acme.test/metadata.json')).toBe(true)
    expect(isPartyName('Ünïcode 😀')).toBe(true)
    expect(isPartyName('x'.repeat(1024))).toBe(true)
    expect(isPartyName('a\r\nb')).toBe(false)
    expect(isPartyName('\u0085')).toBe(false)
  })
})

describe('what is said of a token that is refused', () => {
  const wrong = (claim: string) => `the claim ${claim} is missing or is not what it has to be`

  it.each([
    ['rfc9068', { sub: undefined, username: 'alice' }, wrong('sub')],
    ['keycloak', { typ: 'ID' }, 'the claim typ is not that of an access token'],
    ['entra', { ver: '1.0' }, wrong('ver')],
    ['entra', { ver: '2.0', nonce: 'a' }, 'the token has claims of an ID token'],
    [
      'entra',
      { ver: '2.0', azp: 'a' },
      'the token has neither scp nor the roles of an application',
    ],
    ['entra', { ver: '2.0', azp: 'a', scp: 'a', idtyp: 'app' }, wrong('idtyp')],
  ] as const)('names the rule of %s: %j', (name, changes, message) => {
    expect(() => profiles[name].readParty(claimsOf(issuer, changes), { jwtType: 'jwt' })).toThrow(
      expect.objectContaining({ message }),
    )
  })
})
