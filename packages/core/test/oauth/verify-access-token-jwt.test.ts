import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Fetch } from '../../src/oauth/options.js'
import {
  type Asked,
  claimsOf,
  createSigningKey,
  keySet,
  seconds,
  unsigned,
} from './authorization-server.js'
import {
  away,
  countOf,
  createVerification,
  minute,
  one,
  refusal,
  startIssuer,
} from './verification-stage.js'

const two = await createSigningKey('ES256', 'two')

afterEach(() => {
  vi.useRealTimers()
})

describe('createTokenVerification for JWTs', () => {
  it('finds the keys of an issuer and verifies its tokens, the second time at once', async () => {
    const server = await startIssuer(one)
    const { verification } = createVerification(server.options)
    const token = await one.sign(claimsOf(server.issuer))
    const verified = await verification.verify(token, 'thumbprint')
    expect(verified).toMatchObject({ issuer: server.issuer, subject: 'user-1', kind: 'user' })
    expect(verification.verify(token, 'thumbprint')).toBe(verified)
    expect(verified.hash).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(verified)).not.toContain(token)
  })

  it('asks nobody before the first token', async () => {
    const server = await startIssuer(one)
    createVerification(server.options)
    await wait(20)
    expect(server.asked).toEqual([])
  })

  it('C08 asks once for 50 tokens at a time', async () => {
    const server = await startIssuer(one)
    const { verify } = createVerification(server.options)
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        one.sign(claimsOf(server.issuer, { jti: `${index}` })),
      ),
    )
    await Promise.all(tokens.map((token) => verify(token)))
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/.well-known/oauth-authorization-server',
      '/keys',
    ])
  })

  it('C08 asks nobody for tokens that cannot be right', async () => {
    const server = await startIssuer(one)
    const { verify } = createVerification(server.options)
    const { issuer } = server
    for (const token of [
      unsigned({ alg: 'none', typ: 'at+jwt' }, claimsOf(issuer)),
      unsigned({ alg: 'HS256', typ: 'at+jwt' }, claimsOf(issuer)),
      unsigned({ alg: 'ES256', typ: 'JWT' }, claimsOf(issuer)),
      unsigned({ alg: 'ES256', typ: 'at+jwt', jku: 'https://evil.test' }, claimsOf(issuer)),
      unsigned({ alg: 'ES256', typ: 'at+jwt' }, claimsOf('https://evil.test')),
      'opaque',
    ])
      await expect(verify(token)).rejects.toHaveProperty('code', 'ERR_MTLS_TOKEN')
    expect(server.asked).toEqual([])
  })

  it('C08 asks once in 30 seconds for 200 keys nobody has', async () => {
    const server = await startIssuer(one)
    const { verify } = createVerification(server.options)
    for (let index = 0; index < 200; index += 1) {
      const token = unsigned(
        { alg: 'ES256', typ: 'at+jwt', kid: `${index}` },
        claimsOf(server.issuer),
      )
      await expect(verify(token)).rejects.toEqual(refusal('signature'))
    }
    expect(countOf(server, '/keys')).toBe(1)
  })

  it('C08 takes tokens of the old and the new key while keys change', async () => {
    const server = await startIssuer(one)
    const { verify, clock } = createVerification(server.options)
    await verify(await one.sign(claimsOf(server.issuer)))
    server.routes.set('/keys', keySet(one, two))
    clock.move(31_000)
    const changes = { exp: seconds + 7200 }
    await verify(await two.sign(claimsOf(server.issuer, changes)))
    await verify(await one.sign(claimsOf(server.issuer, changes)))
  })

  it('C08 drops a token whose key was withdrawn after 15 minutes at most', async () => {
    const server = await startIssuer(one)
    const { verify, clock } = createVerification(server.options)
    const token = await one.sign(claimsOf(server.issuer, { exp: seconds + 7200 }))
    await verify(token)
    server.routes.set('/keys', keySet(two))
    clock.move(9.9 * minute)
    await verify(token)
    clock.move(5 * minute)
    await expect(verify(token)).rejects.toEqual(refusal('signature'))
  })

  it('C08 goes on with the last good keys for an hour while the server is down, then answers 503', async () => {
    const server = await startIssuer(one)
    const { verify, clock } = createVerification(server.options)
    const sign = () =>
      one.sign(claimsOf(server.issuer, { exp: seconds + 7200, jti: `${clock.now()}` }))
    await verify(await sign())
    server.routes.set('/keys', (_: Asked, res: ServerResponse) => res.writeHead(500).end())
    clock.move(59 * minute)
    await verify(await sign())
    clock.move(minute)
    await expect(verify(await sign())).rejects.toEqual(away)
  })

  it.each([
    [
      'redirects to another address',
      (_: Asked, res: ServerResponse) =>
        res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    ],
    ['are 40 MB', (_: Asked, res: ServerResponse) => res.end(Buffer.alloc(40_000_000, 0x20))],
    ['are no JSON', (_: Asked, res: ServerResponse) => res.end('<html>')],
    ['are given twice', (_: Asked, res: ServerResponse) => res.end('{"keys":[],"keys":[]}')],
  ])('C08 answers 503 where the keys %s', async (_, route) => {
    const server = await startIssuer(one)
    server.routes.set('/keys', route)
    const { verify } = createVerification(server.options)
    await expect(verify(await one.sign(claimsOf(server.issuer)))).rejects.toEqual(away)
  })

  it('C08 answers 503 where the metadata names keys that are not https', async () => {
    const server = await startIssuer(one)
    server.routes.set('/.well-known/oauth-authorization-server', {
      issuer: server.issuer,
      jwks_uri: 'http://127.0.0.1/keys',
    })
    const { verify } = createVerification(server.options)
    await expect(verify(await one.sign(claimsOf(server.issuer)))).rejects.toEqual(away)
  })

  it('C02 verifies by the keys of the issuer the token names and of no other', async () => {
    const first = await startIssuer(one)
    const second = await startIssuer(two)
    const { verify } = createVerification(first.options, second.options)
    await expect(verify(await one.sign(claimsOf(first.issuer)))).resolves.toHaveProperty(
      'issuer',
      first.issuer,
    )
    await expect(verify(await two.sign(claimsOf(second.issuer)))).resolves.toHaveProperty(
      'issuer',
      second.issuer,
    )
    await expect(verify(await two.sign(claimsOf(first.issuer)))).rejects.toEqual(
      refusal('signature'),
    )
    const sameId = await createSigningKey('ES256', 'one')
    await expect(verify(await sameId.sign(claimsOf(first.issuer)))).rejects.toEqual(
      refusal('signature'),
    )
  })

  it.each(['/', '#', '?'])('C02 refuses an issuer with a %s more', async (more) => {
    const server = await startIssuer(one)
    const { verify } = createVerification(server.options)
    await expect(verify(await one.sign(claimsOf(`${server.issuer}${more}`)))).rejects.toEqual(
      refusal('unknown-issuer'),
    )
  })

  it('C01 compares the audience with the options and not with what the token came for', async () => {
    const issuer = 'https://as.acme.test'
    const { verify } = createVerification({ issuer, jwks: keySet(one), audience: ['api://mcp'] })
    await expect(verify(await one.sign(claimsOf(issuer)))).rejects.toEqual(refusal('audience'))
    await expect(
      verify(await one.sign(claimsOf(issuer, { aud: 'api://mcp' }))),
    ).resolves.toBeDefined()
  })

  it('C03 takes no more algorithms than the options say', async () => {
    const issuer = 'https://as.acme.test'
    const { verify } = createVerification({ issuer, jwks: keySet(one), algorithms: ['RS256'] })
    await expect(verify(await one.sign(claimsOf(issuer)))).rejects.toEqual(refusal('algorithm'))
  })

  it('C04 C05 C06 refuses what is no access token of RFC 9068', async () => {
    const issuer = 'https://as.acme.test'
    const { verify } = createVerification({ issuer, jwks: keySet(one) })
    await expect(verify(await one.sign(claimsOf(issuer), { typ: 'JWT' }))).rejects.toEqual(
      refusal('type'),
    )
    await expect(
      verify(await one.sign(claimsOf(issuer, { client_id: undefined }))),
    ).rejects.toEqual(refusal('claims'))
    const twice = JSON.stringify(claimsOf(issuer)).replace('{', '{"sub":"admin",')
    await expect(verify(await one.sign(twice))).rejects.toEqual(refusal('malformed'))
  })

  it('C07 C09 keeps a user apart from the client of the same name', async () => {
    const issuer = 'https://as.acme.test'
    const { verify } = createVerification({ issuer, jwks: keySet(one) })
    const user = await verify(await one.sign(claimsOf(issuer, { sub: 'svc-a' })))
    const client = await verify(
      await one.sign(claimsOf(issuer, { sub: 'svc-a', client_id: 'svc-a' })),
    )
    expect([user.kind, client.kind]).toEqual(['user', 'client'])
  })

  it('C13 refuses what is longer than 16 KiB, or no token at all', async () => {
    const issuer = 'https://as.acme.test'
    const { verify } = createVerification({ issuer, jwks: keySet(one) })
    const long = await one.sign(claimsOf(issuer, { padding: 'x'.repeat(20_000) }))
    await expect(verify(long)).rejects.toEqual(refusal('malformed'))
    for (const token of ['', ' ', 'a b', 'a\n', 'a,b', '"a"', '=', 'ä', '\u0000'])
      await expect(verify(token)).rejects.toEqual(refusal('malformed'))
  })

  it('C13 asks an issuer about what a token can be made of, of 16 KiB at most, and about nothing else', async () => {
    const asked: string[] = []
    const fetch: Fetch = async (_url, init) => {
      asked.push(new URLSearchParams(String(init?.body)).get('token') ?? '')
      return new Response('{"active":false}')
    }
    const introspection = { clientId: 'rs', clientSecret: 's', url: 'https://as.acme.test/ask' }
    const { verify } = createVerification({ issuer: 'https://as.acme.test', introspection, fetch })
    const good = ['a', 'A9-._~+/', 'ab==', 'x'.repeat(16_384)]
    for (const token of good) await expect(verify(token)).rejects.toEqual(refusal('inactive'))
    for (const token of [
      '',
      ' ',
      'a b',
      'a\n',
      '\na',
      'a,b',
      '=',
      '=a',
      'a=b',
      'ä',
      'x'.repeat(16_385),
    ])
      await expect(verify(token)).rejects.toEqual(refusal('malformed'))
    expect(asked).toEqual(good)
  })

  it('C13 says of an opaque token that it is none where no issuer can be asked', async () => {
    const { verify } = createVerification({ issuer: 'https://as.acme.test', jwks: keySet(one) })
    await expect(verify('opaque')).rejects.toMatchObject({
      reason: 'malformed',
      message: 'the token is no JWT',
    })
  })

  it('C15 says the same of a bad token the second time', async () => {
    const issuer = 'https://as.acme.test'
    const { verify } = createVerification({ issuer, jwks: keySet(one) })
    const token = await one.sign(claimsOf(issuer, { exp: seconds }))
    for (const _ of [1, 2]) await expect(verify(token)).rejects.toEqual(refusal('expired'))
  })

  it('ends what is under way when it is closed', async () => {
    const signals: (AbortSignal | null | undefined)[] = []
    const fetch: Fetch = (_url, init) => {
      signals.push(init?.signal)
      return new Promise(() => undefined)
    }
    const issuer = 'https://as.acme.test'
    const { verification, verify } = createVerification({ issuer, fetch })
    const waiting = verify(await one.sign(claimsOf(issuer)))
    await vi.waitFor(() => expect(signals).toHaveLength(1), 10_000)
    verification.close()
    expect(signals[0]?.aborted).toBe(true)
    await expect(waiting).rejects.toEqual(away)
  })

  it('C15 forgets a verified token when it expires', async () => {
    const issuer = 'https://as.acme.test'
    const { verification, verify, clock } = createVerification({ issuer, jwks: keySet(one) })
    const token = await one.sign(claimsOf(issuer, { exp: seconds + 60 }))
    const verified = await verify(token, 'thumbprint')
    clock.move(59_999)
    expect(verification.verify(token, 'thumbprint')).toBe(verified)
    clock.move(1)
    await expect(verify(token, 'thumbprint')).rejects.toEqual(refusal('expired'))
  })

  it('C15 verifies a token anew for another certificate', async () => {
    const issuer = 'https://as.acme.test'
    const { verification } = createVerification({ issuer, jwks: keySet(one) })
    const token = await one.sign(claimsOf(issuer))
    await verification.verify(token, 'one')
    const others = [verification.verify(token, 'two'), verification.verify(token, undefined)]
    for (const other of others) expect(other).toBeInstanceOf(Promise)
    await Promise.all(others)
    expect(verification.verify(token, 'one')).not.toBeInstanceOf(Promise)
  })

  it('remembers nothing it finds out after it was closed', async () => {
    const issuer = 'https://as.acme.test'
    const { verification, verify } = createVerification({ issuer, jwks: keySet(one) })
    const token = await one.sign(claimsOf(issuer))
    const waiting = verify(token)
    verification.close()
    await waiting
    await expect(verify(token)).rejects.toEqual(away)
  })

  it('answers 503 where the metadata of the issuer names no keys', async () => {
    const server = await startIssuer(one)
    server.routes.set('/.well-known/oauth-authorization-server', { issuer: server.issuer })
    const { verify } = createVerification(server.options)
    await expect(verify(await one.sign(claimsOf(server.issuer)))).rejects.toEqual(away)
  })

  it('answers 503 once it is closed, and to those that wait', async () => {
    const server = await startIssuer(one)
    server.routes.set('/keys', () => undefined)
    const { verification, verify } = createVerification(server.options)
    const token = await one.sign(claimsOf(server.issuer))
    const waiting = verify(token)
    waiting.catch(() => undefined)
    await vi.waitFor(() => expect(countOf(server, '/keys')).toBe(1), 10_000)
    verification.close()
    await expect(waiting).rejects.toEqual(away)
    await expect(verify(token)).rejects.toEqual(away)
  })
})
