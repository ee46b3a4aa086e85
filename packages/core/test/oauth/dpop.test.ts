import { createHmac, sign } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { ConfigurationError, TokenError } from '../../src/errors.js'
import { createProofVerifier } from '../../src/oauth/dpop.js'
import { createProofKey, type ProofKey, signProof, toClaims, toHash } from './make-proof.js'

const resource = 'https://mcp.acme.test/mcp'
const token = 'planted-canary-token'
const start = 1_800_000_000_000
const request = { method: 'POST', token }

/** A verifier with a clock that can be moved, and the claims of a right proof. */
function setUp(options: { resource?: string; secrets?: readonly string[] } = {}) {
  const clock = { now: start }
  const verifier = createProofVerifier({ resource, now: () => clock.now, ...options })
  const claims = (changed: Readonly<Record<string, unknown>> = {}) => ({
    ...toClaims({ htu: resource, token, nonce: verifier.nonce(), now: clock.now }),
    ...changed,
  })
  return { clock, verifier, claims }
}

/** The refusal of a proof; fails if it is taken. */
async function refusalOf(verified: Promise<string>): Promise<TokenError> {
  const error: unknown = await verified.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TokenError)
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
  return error as TokenError
}

let key: ProofKey

beforeAll(async () => {
  key = await createProofKey()
})

describe('createProofVerifier', () => {
  it.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])(
    'C17 takes a right proof of %s and names its key',
    async (alg) => {
      const { verifier, claims } = setUp()
      const other = await createProofKey(alg)
      const proof = signProof(other, claims())
      expect(await verifier.verify(proof, request)).toBe(await calculateJwkThumbprint(other.jwk))
    },
  )

  it.each([
    ['the scheme and host in capitals', 'HTTPS://MCP.ACME.TEST/mcp'],
    ['the default port', 'https://mcp.acme.test:443/mcp'],
    ['a query', `${resource}?tenant=a`],
    ['a fragment', `${resource}#top`],
    ['dot segments', 'https://mcp.acme.test/a/../mcp'],
  ])('C17 takes an htu with %s', async (_, htu) => {
    const { verifier, claims } = setUp()
    await expect(verifier.verify(signProof(key, claims({ htu })), request)).resolves.toBeDefined()
  })

  it.each([
    ['another path', 'https://mcp.acme.test/other'],
    ['a path in capitals', 'https://mcp.acme.test/MCP'],
    ['a slash after it', `${resource}/`],
    ['an escaped path', 'https://mcp.acme.test/%6dcp'],
    ['another host', 'https://evil.test/mcp'],
    ['another port', 'https://mcp.acme.test:8443/mcp'],
    ['http', 'http://mcp.acme.test/mcp'],
    ['a user', 'https://mcp.acme.test@mcp.acme.test/mcp'],
    ['a password', 'https://:b@mcp.acme.test/mcp'],
    ['a backslash', 'https://mcp.acme.test\\mcp'],
    ['white space before', ` ${resource}`],
    ['white space inside', 'https://mcp.acme.test/m\tcp'],
    ['the path alone', '/mcp'],
    ['no URL', 'https://'],
    ['nothing', ''],
    ['no text', 1],
    ['a list', [resource]],
    ['no value', undefined],
  ])('C17 refuses an htu with %s', async (_, htu) => {
    const { verifier, claims } = setUp()
    const error = await refusalOf(verifier.verify(signProof(key, claims({ htu })), request))
    expect(error).toMatchObject({ reason: 'proof', message: 'the DPoP proof has a wrong htu' })
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['another method', { htm: 'GET' }, 'htm'],
    ['a method in lower case', { htm: 'post' }, 'htm'],
    ['no method', { htm: undefined }, 'htm'],
    ['another token', { ath: toHash('another token') }, 'ath'],
    ['the token in place of its hash', { ath: token }, 'ath'],
    ['no token', { ath: undefined }, 'ath'],
    ['no jti', { jti: undefined }, 'jti'],
    ['an empty jti', { jti: '' }, 'jti'],
    ['a jti that is no text', { jti: 7 }, 'jti'],
    ['a jti longer than 256', { jti: 'a'.repeat(257) }, 'jti'],
    ['no iat', { iat: undefined }, 'iat'],
    ['an iat in milliseconds', { iat: start }, 'iat'],
    ['an iat a minute and a second ago', { iat: start / 1000 - 61 }, 'iat'],
    ['an iat a minute and a second ahead', { iat: start / 1000 + 61 }, 'iat'],
  ])('C17 refuses a proof with %s', async (_, changed, claim) => {
    const { verifier, claims } = setUp()
    const error = await refusalOf(verifier.verify(signProof(key, claims(changed)), request))
    expect(error.message).toBe(`the DPoP proof has a wrong ${claim}`)
    expect(error.reason).toBe('proof')
  })

  it.each(['1800000000', null, [1_800_000_000], true])('C17 refuses an iat of %j', async (iat) => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims({ iat }))
    expect((await refusalOf(verifier.verify(proof, request))).reason).toBe('proof')
  })

  it('C17 takes an iat of a minute ago and a minute ahead', async () => {
    const { verifier, claims } = setUp()
    for (const iat of [start / 1000 - 60, start / 1000 + 60]) {
      await expect(verifier.verify(signProof(key, claims({ iat })), request)).resolves.toBeDefined()
    }
  })

  it.each<[string, Record<string, unknown>]>([
    ['typ JWT', { typ: 'JWT' }],
    ['typ at+jwt', { typ: 'at+jwt' }],
    ['no typ', { typ: undefined }],
    ['alg none', { alg: 'none' }],
    ['no alg', { alg: undefined }],
    ['a symmetric alg', { alg: 'HS256' }],
    ["an alg that is not its key's", { alg: 'RS256' }],
    ['no jwk', { jwk: undefined }],
    ['a jwk that is a list', { jwk: [] }],
    ['a jwk that is text', { jwk: 'canary' }],
    ['a symmetric jwk', { jwk: { kty: 'oct', k: 'canary' } }],
    ['an unknown critical parameter', { crit: ['canary'], canary: 1 }],
    ['an unencoded payload', { crit: ['b64'], b64: false }],
    ['a jwk for encryption', { jwk: { kty: 'EC', use: 'enc' } }],
  ])('C17 refuses a proof with %s', async (_, header) => {
    const { verifier, claims } = setUp()
    const error = await refusalOf(verifier.verify(signProof(key, claims(), header), request))
    expect(error.reason).toBe('proof')
  })

  it('C17 refuses a jwk that holds its private key', async () => {
    const { verifier, claims } = setUp()
    const jwk = await exportJWK(key.privateKey)
    const error = await refusalOf(verifier.verify(signProof(key, claims(), { jwk }), request))
    expect(error.reason).toBe('proof')
  })

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'C17 refuses a jwk with the secret member %s beside the public key',
    async (member) => {
      const { verifier, claims } = setUp()
      for (const value of ['canary', null]) {
        const jwk = { ...key.jwk, [member]: value }
        const error = await refusalOf(verifier.verify(signProof(key, claims(), { jwk }), request))
        expect(error.reason).toBe('proof')
      }
    },
  )

  it('C17 refuses the key of another in the header', async () => {
    const { verifier, claims } = setUp()
    const { jwk } = await createProofKey()
    const error = await refusalOf(verifier.verify(signProof(key, claims(), { jwk }), request))
    expect(error.message).toContain('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })

  it('C17 refuses an HMAC made with the public key, and a signature of nothing', async () => {
    const { verifier, claims } = setUp()
    const [, payload] = signProof(key, claims()).split('.')
    const head = { typ: 'dpop+jwt', alg: 'HS256', jwk: key.jwk }
    const input = `${Buffer.from(JSON.stringify(head)).toString('base64url')}.${payload}`
    const mac = createHmac('sha256', JSON.stringify(key.jwk)).update(input).digest('base64url')
    await refusalOf(verifier.verify(`${input}.${mac}`, request))
    const [header] = signProof(key, claims()).split('.')
    const zero = Buffer.alloc(64).toString('base64url')
    await refusalOf(verifier.verify(`${header}.${payload}.${zero}`, request))
    await refusalOf(verifier.verify(`${header}.${payload}.`, request))
  })

  it('C17 refuses an RSA key below 2048 bits', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const { verifier, claims } = setUp()
    const head = { typ: 'dpop+jwt', alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) }
    const input = [head, claims()]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url')
    const error = await refusalOf(verifier.verify(`${input}.${signature}`, request))
    expect(error.message).toBe('the DPoP proof has an unusable key')
  })

  it('C17 refuses an RSA key whose exponent makes its check long', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = publicKey.export({ format: 'jwk' }) as JWK
    const { verifier, claims } = setUp()
    const right = { alg: 'RS256', privateKey, jwk }
    expect(await verifier.verify(signProof(right, claims()), request)).toHaveLength(43)
    const long = { ...right, jwk: { ...jwk, e: jwk.n as string } }
    const error = await refusalOf(verifier.verify(signProof(long, claims()), request))
    expect(error.message).toBe('the DPoP proof has an unusable key')
  })

  it('C17 computes nothing with another key than the one the token is bound to', async () => {
    const { verifier, claims } = setUp()
    // Its signature is no better.
    const proof = `${signProof(key, claims()).slice(0, -8)}AAAAAAAA`
    const other = { ...request, key: await calculateJwkThumbprint((await createProofKey()).jwk) }
    expect((await refusalOf(verifier.verify(proof, other))).message).toBe(
      'the DPoP proof is not of the key the token is bound to',
    )
  })

  it('C17 refuses a key given twice, in the header and in the claims', async () => {
    const { verifier, claims } = setUp()
    const text = JSON.stringify(claims())
    await refusalOf(verifier.verify(signProof(key, `{"htm":"GET",${text.slice(1)}`), request))
    const header = `{"jwk":{},"typ":"dpop+jwt","alg":"ES256","jwk":${JSON.stringify(key.jwk)}}`
    const error = await refusalOf(verifier.verify(signProof(key, text, header), request))
    expect(error.message).toContain('strict JSON')
  })

  it.each([
    ['empty', ''],
    ['no JWS', 'canary'],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['no base64url', 'a!.b.c'],
  ])('C17 refuses a proof that is %s', async (_, proof) => {
    expect((await refusalOf(setUp().verifier.verify(proof, request))).reason).toBe('proof')
  })

  it('C17 takes a jti of 256 characters', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims({ jti: 'a'.repeat(256) }))
    await expect(verifier.verify(proof, request)).resolves.toBeDefined()
  })

  it('C17 refuses a proof above 4 KiB, and two proofs joined', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims({ padding: 'a'.repeat(4000) }))
    expect((await refusalOf(verifier.verify(proof, request))).message).toContain('4 KiB')
    const [left, right] = [signProof(key, claims()), signProof(key, claims())]
    await refusalOf(verifier.verify(`${left}, ${right}`, request))
  })

  it('C17 refuses claims that are no object', async () => {
    const { verifier } = setUp()
    for (const text of ['[]', 'null', '"canary"', '1', '']) {
      await refusalOf(verifier.verify(signProof(key, text), request))
    }
  })

  it('C17 refuses a proof past its own exp', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims({ exp: start / 1000 - 1 }))
    expect((await refusalOf(verifier.verify(proof, request))).message).toContain('ERR_JWT_EXPIRED')
  })

  it('C17 takes a proof once, for as long as it is fresh', async () => {
    const { clock, verifier, claims } = setUp()
    const proof = signProof(key, claims({ iat: start / 1000 + 60 }))
    await verifier.verify(proof, request)
    for (const later of [0, 60_000, 120_000]) {
      clock.now = start + later
      const error = await refusalOf(verifier.verify(proof, request))
      expect(error.message).toBe('the DPoP proof was used before')
    }
    clock.now = start + 121_000
    expect((await refusalOf(verifier.verify(proof, request))).message).toContain('iat')
  })

  it('C17 neither takes nor remembers a proof of another key than the token is bound to', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims())
    const bound = (await createProofKey()).jwk
    const stolen = { ...request, key: await calculateJwkThumbprint(bound) }
    expect((await refusalOf(verifier.verify(proof, stolen))).reason).toBe('proof')
    const own = { ...request, key: await calculateJwkThumbprint(key.jwk) }
    expect(await verifier.verify(proof, own)).toBe(own.key)
  })

  it('C17 takes one of two presented at the same time', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims())
    const results = await Promise.allSettled([1, 2, 3].map(() => verifier.verify(proof, request)))
    expect(results.map(({ status }) => status).sort()).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
    ])
  })

  it('C17 refuses the jti of an earlier proof of the same key, not of another key', async () => {
    const { verifier, claims } = setUp()
    await verifier.verify(signProof(key, claims({ jti: 'a' })), request)
    const again = signProof(key, claims({ jti: 'a', iat: start / 1000 - 5 }))
    expect((await refusalOf(verifier.verify(again, request))).reason).toBe('proof')
    const other = await createProofKey()
    await expect(
      verifier.verify(signProof(other, claims({ jti: 'a' })), request),
    ).resolves.toBeDefined()
  })

  it('C17 asks for the nonce of this server, and remembers no proof without it', async () => {
    const { verifier, claims } = setUp()
    for (const nonce of [
      undefined,
      '',
      'canary',
      7,
      [verifier.nonce()],
      setUp().verifier.nonce(),
    ]) {
      const error = await refusalOf(
        verifier.verify(signProof(key, claims({ nonce, jti: 'a' })), request),
      )
      expect(error.reason).toBe('proof-nonce')
    }
    await expect(
      verifier.verify(signProof(key, claims({ jti: 'a' })), request),
    ).resolves.toBeDefined()
  })

  it('C17 says that a proof is wrong before it says that its nonce is', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims({ nonce: undefined, ath: undefined }))
    expect((await refusalOf(verifier.verify(proof, request))).reason).toBe('proof')
  })

  it('C17 takes the nonce before the current one, and none older', async () => {
    const { clock, verifier, claims } = setUp()
    const nonce = verifier.nonce()
    clock.now = start + 180_000
    expect(verifier.nonce()).not.toBe(nonce)
    await expect(verifier.verify(signProof(key, claims({ nonce })), request)).resolves.toBeDefined()
    clock.now = start + 360_000
    const error = await refusalOf(verifier.verify(signProof(key, claims({ nonce })), request))
    expect(error.reason).toBe('proof-nonce')
  })

  it('C17 takes the nonces of a replica that shares its secret', async () => {
    const old = 'the-secret-of-last-year-0123456789'
    const secrets = ['the-secret-of-this-year-0123456789', old]
    const { verifier, claims } = setUp({ secrets })
    const nonce = setUp({ secrets: [old] }).verifier.nonce()
    await expect(verifier.verify(signProof(key, claims({ nonce })), request)).resolves.toBeDefined()
    const foreign = createProofVerifier({
      resource: 'https://b.test/',
      secrets,
      now: () => start,
    }).nonce()
    const error = await refusalOf(
      verifier.verify(signProof(key, claims({ nonce: foreign })), request),
    )
    expect(error.reason).toBe('proof-nonce')
  })

  it('C17 does not start for a resource that is none', () => {
    expect(() => createProofVerifier({ resource: 'http://mcp.acme.test/mcp' })).toThrow(
      ConfigurationError,
    )
  })

  it('C17 refuses a proof changed at any character', async () => {
    const { verifier, claims } = setUp()
    const proof = signProof(key, claims())
    await fc.assert(
      fc.asyncProperty(
        fc.nat(proof.length - 1),
        fc.constantFrom('A', 'z', '_', '.', '='),
        async (at, to) => {
          fc.pre(proof[at] !== to)
          const error = await refusalOf(
            verifier.verify(proof.slice(0, at) + to + proof.slice(at + 1), request),
          )
          expect(error.reason).toBe('proof')
        },
      ),
    )
    await expect(verifier.verify(proof, request)).resolves.toBeDefined()
  })
})
