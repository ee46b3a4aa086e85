import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
} from 'node:crypto'
import fc from 'fast-check'
import type { JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { parseCompactJws, signatureAlgorithms } from '../../src/oauth/compact-jws.js'
import { createGivenKeySet } from '../../src/oauth/key-set.js'
import { profiles } from '../../src/oauth/profile.js'
import { verifyJwt } from '../../src/oauth/verify-jwt.js'
import {
  claimsOf,
  createSigningKey,
  keySet,
  resource,
  type SigningKey,
  seconds,
  start,
} from './authorization-server.js'

const issuer = 'https://as.acme.test'
const claims = claimsOf(issuer)
const ec = await createSigningKey('ES256', 'ec')
const rsa = await createSigningKey('RS256', 'rsa')
const keys = keySet(ec, rsa)

function verify(
  token: string,
  settings: { jwks?: { keys: JWK[] }; profile?: keyof typeof profiles } = {},
) {
  const parsed = parseCompactJws(token)
  if (parsed === undefined) throw new Error('opaque')
  return verifyJwt(
    { token, hash: 'hash', parsed },
    {
      issuer,
      audience: [resource],
      profile: profiles[settings.profile ?? 'rfc9068'],
      now: () => start,
      algorithms: signatureAlgorithms,
      keys: createGivenKeySet(settings.jwks ?? keys),
    },
  )
}

const refusal = (reason: string) => expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason })
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token over these claims whose signature is made by hand. */
function forge(header: object, signature: (input: Buffer) => Uint8Array): string {
  const input = `${encode({ typ: 'at+jwt', ...header })}.${encode(claims)}`
  return `${input}.${Buffer.from(signature(Buffer.from(input))).toString('base64url')}`
}

describe('verifyJwt', () => {
  it.each([
    'ES256',
    'ES384',
    'ES512',
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'EdDSA',
    'Ed25519',
  ])('verifies %s', async (alg) => {
    const key = await createSigningKey(alg, 'k')
    await expect(verify(await key.sign(claims), { jwks: keySet(key) })).resolves.toMatchObject({
      issuer,
      subject: 'user-1',
    })
  })

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+jwt'])(
    'C04 takes the type %s',
    async (typ) => {
      await expect(verify(await ec.sign(claims, { typ }))).resolves.toBeDefined()
    },
  )

  it.each([
    undefined,
    'JWT',
    'jwt',
    'id+jwt',
    'logout+jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'at+jwt ',
    'x/at+jwt',
    'at+application/jwt',
    '',
    null,
    1,
    ['at+jwt'],
  ])('C04 refuses the type %j', async (typ) => {
    const token = `${encode({ alg: 'ES256', kid: 'ec', typ })}.${encode(claims)}.AAAA`
    await expect(verify(token)).rejects.toEqual(refusal('type'))
  })

  it('C04 refuses an ID token of the same audience', async () => {
    const idToken = await ec.sign({ ...claims, nonce: 'a', auth_time: seconds }, { typ: 'JWT' })
    await expect(verify(idToken)).rejects.toEqual(refusal('type'))
    for (const profile of ['keycloak', 'entra'] as const) {
      const token = await ec.sign(
        { ...claims, azp: 'client-a', typ: 'ID', ver: '2.0' },
        { typ: 'JWT' },
      )
      await expect(verify(token, { profile })).rejects.toEqual(refusal('type'))
    }
  })

  it('C04 takes the type JWT of Keycloak and Entra', async () => {
    const keycloak = await rsa.sign({ ...claims, azp: 'client-a', typ: 'Bearer' }, { typ: 'JWT' })
    await expect(verify(keycloak, { profile: 'keycloak' })).resolves.toBeDefined()
    const entra = await rsa.sign(
      { ...claims, client_id: undefined, azp: 'client-a', ver: '2.0', scp: 'a' },
      { typ: 'JWT' },
    )
    await expect(verify(entra, { profile: 'entra' })).resolves.toHaveProperty('scopes', ['a'])
  })

  it('C06 refuses claims given twice although the signature is right', async () => {
    const twice = JSON.stringify(claims).replace('{', '{"sub":"admin",')
    const token = await ec.sign(twice)
    expect(() => parseCompactJws(token)).toThrow(refusal('malformed'))
  })

  it('C09 takes a token without key id where one key fits', async () => {
    await expect(verify(await ec.sign(claims, { kid: undefined }))).resolves.toBeDefined()
  })
})

describe('verifyJwt of tokens made to deceive', () => {
  const spki = createPublicKey({ key: rsa.jwk as never, format: 'jwk' })
  const pem = spki.export({ type: 'spki', format: 'pem' })
  const der = spki.export({ type: 'spki', format: 'der' })

  it.each(['none', 'None', 'NONE'])('C03 refuses %s with any signature', async (alg) => {
    await expect(verify(forge({ alg, kid: 'rsa' }, () => Buffer.from('a')))).rejects.toEqual(
      refusal('algorithm'),
    )
    expect(() => parseCompactJws(forge({ alg }, () => Buffer.alloc(0)))).toThrow(
      refusal('malformed'),
    )
  })

  it.each([
    ['PEM', pem],
    ['DER', der],
    ['JSON', JSON.stringify(rsa.jwk)],
    ['nothing', ''],
  ])('C03 refuses HS256 with the public key as %s', async (_, secret) => {
    const token = forge({ alg: 'HS256', kid: 'rsa' }, (input) =>
      createHmac('sha256', secret).update(input).digest(),
    )
    await expect(verify(token)).rejects.toEqual(refusal('algorithm'))
  })

  const order = Buffer.from(
    'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
    'hex',
  )
  const zero = Buffer.alloc(32)
  const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)])
  it.each([
    ['zero, zero', Buffer.concat([zero, zero])],
    ['the order of the curve, twice', Buffer.concat([order, order])],
    ['zero, one', Buffer.concat([zero, one])],
    ['one, zero', Buffer.concat([one, zero])],
    ['one, the order', Buffer.concat([one, order])],
    ['zeros in DER', Buffer.from('3006020100020100', 'hex')],
    ['one byte', Buffer.of(0)],
    ['all ones', Buffer.alloc(64, 0xff)],
    ['too long', Buffer.alloc(65)],
    ['as long as a signature of P-384', Buffer.alloc(96)],
  ])('C03 refuses the ECDSA signature %s', async (_, signature) => {
    await expect(verify(forge({ alg: 'ES256', kid: 'ec' }, () => signature))).rejects.toEqual(
      refusal('signature'),
    )
  })

  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pairSet = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'ec' } as JWK] }
  it('C03 takes an ECDSA signature as RFC 7518 encodes it, and not in DER', async () => {
    const made = (dsaEncoding: 'der' | 'ieee-p1363') =>
      forge({ alg: 'ES256', kid: 'ec' }, (input) =>
        signBytes('sha256', input, { key: pair.privateKey, dsaEncoding }),
      )
    await expect(verify(made('ieee-p1363'), { jwks: pairSet })).resolves.toBeDefined()
    await expect(verify(made('der'), { jwks: pairSet })).rejects.toEqual(refusal('signature'))
  })

  it('C03 takes no signature over another hash than that of the algorithm', async () => {
    const token = forge({ alg: 'ES256', kid: 'ec' }, (input) =>
      signBytes('sha512', input, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }),
    )
    await expect(verify(token, { jwks: pairSet })).rejects.toEqual(refusal('signature'))
  })

  it('C03 does not take PKCS#1 v1.5 for PSS, nor a short salt', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'rsa' } as JWK] }
    const pss = (saltLength: number) => (input: Buffer) =>
      signBytes('sha256', input, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      })
    const pkcs1 = (input: Buffer) => signBytes('sha256', input, privateKey)
    const made = (alg: string, signature: (input: Buffer) => Uint8Array) =>
      verify(forge({ alg, kid: 'rsa' }, signature), { jwks })
    await expect(made('PS256', pss(32))).resolves.toBeDefined()
    await expect(made('RS256', pkcs1)).resolves.toBeDefined()
    await expect(made('PS256', pkcs1)).rejects.toEqual(refusal('signature'))
    await expect(made('RS256', pss(32))).rejects.toEqual(refusal('signature'))
    await expect(made('PS256', pss(0))).rejects.toEqual(refusal('signature'))
  })

  it('C03 refuses an RSA key of 1024 bits', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'rsa' } as JWK] }
    const token = forge({ alg: 'RS256', kid: 'rsa' }, (input) =>
      signBytes('sha256', input, privateKey),
    )
    await expect(verify(token, { jwks })).rejects.toEqual(refusal('signature'))
  })

  it('C03 does not use a key of one algorithm for another', async () => {
    const token = forge({ alg: 'RS256', kid: 'ec' }, () => Buffer.alloc(256))
    await expect(verify(token)).rejects.toEqual(refusal('signature'))
  })

  it.each(['jwk', 'jku', 'x5u', 'x5c'])(
    'C03 refuses a key that comes with the token as %s',
    async (name) => {
      const attacker = await createSigningKey('ES256', 'ec')
      const value = {
        jwk: attacker.jwk,
        jku: 'https://evil.test',
        x5u: 'https://evil.test',
        x5c: ['AAAA'],
      }[name]
      const token = forge({ alg: 'ES256', kid: 'ec', [name]: value }, () => Buffer.alloc(64, 1))
      await expect(verify(token)).rejects.toEqual(refusal('malformed'))
    },
  )

  it('C03 refuses an unencoded payload, although the signature is right', async () => {
    const token = await ec.sign(claims, { b64: true, crit: ['b64'] })
    await expect(verify(token)).rejects.toEqual(refusal('malformed'))
  })

  it('C02 refuses a token signed by a key the issuer does not have, under a key id it has', async () => {
    const attacker: SigningKey = await createSigningKey('ES256', 'ec')
    await expect(verify(await attacker.sign(claims))).rejects.toEqual(refusal('signature'))
  })

  it('C03 refuses a token of which any character is another', async () => {
    const token = await ec.sign(claims)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(...alphabet),
        async (index, character) => {
          fc.pre(token[index] !== character)
          const changed = `${token.slice(0, index)}${character}${token.slice(index + 1)}`
          const outcome = await Promise.resolve()
            .then(() => verify(changed))
            .catch((error: Error) => error.name)
          expect(['TokenError', 'Error']).toContain(outcome)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('C03 refuses the signature of one token under the claims of another', async () => {
    const [header, , signature] = (await ec.sign(claims)).split('.')
    const other = encode({ ...claims, sub: 'admin' })
    await expect(verify(`${header}.${other}.${signature}`)).rejects.toEqual(refusal('signature'))
  })
})

describe('what is said of a JWT that is refused', () => {
  it('names the rule', async () => {
    const said = (token: string) => verify(token).catch(({ message }: Error) => message)
    expect(await said(await ec.sign(claims, { typ: 'JWT' }))).toBe(
      'the header typ is not that of an access token: at+jwt is expected; for a server that differs set its profile',
    )
    expect(await said(forge({ alg: 'ES256', kid: 'ec' }, () => Buffer.alloc(64)))).toBe(
      'the signature does not verify',
    )
  })
})
