import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type {
  Fetch,
  IntrospectionOptions,
  IssuerOptions,
  OAuthOptions,
} from '../../src/oauth/options.js'
import { createTokenVerification } from '../../src/oauth/verify-access-token.js'
import {
  type Asked,
  claimsOf,
  createClock,
  createSigningKey,
  keySet,
  type LoopbackServer,
  resource,
  type SigningKey,
  seconds,
  startServer,
  unsigned,
} from './authorization-server.js'

const one = await createSigningKey('ES256', 'one')
const two = await createSigningKey('ES256', 'two')
const refusal = (reason: string) => expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason })
const away = expect.objectContaining({ code: 'ERR_MTLS_REQUEST', status: 503, rpcCode: -32603 })
const minute = 60_000

afterEach(() => {
  vi.useRealTimers()
})

function createVerification(...issuers: [IssuerOptions, ...IssuerOptions[]]) {
  const clock = createClock()
  const verification = createTokenVerification({ resource, issuers }, clock.now)
  onTestFinished(() => verification.close())
  /** Whether it verifies at once or later, and whether it throws or rejects. */
  const verify = async (token: string, thumbprint?: string) =>
    verification.verify(token, thumbprint)
  return { clock, verification, verify }
}

/** An authorization server whose keys are where its metadata says. */
async function startIssuer(...keys: readonly SigningKey[]) {
  const server = await startServer()
  const issuer = server.origin
  server.routes.set('/keys', keySet(...keys))
  server.routes.set('/.well-known/oauth-authorization-server', {
    issuer,
    jwks_uri: `${issuer}/keys`,
    introspection_endpoint: `${issuer}/introspect`,
    mtls_endpoint_aliases: { introspection_endpoint: `${issuer}/mtls/introspect` },
  })
  return { ...server, issuer, options: { issuer, fetch: server.fetch } }
}

const countOf = ({ asked }: LoopbackServer, path: string) =>
  asked.filter((question) => question.path === path).length

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

describe('createTokenVerification for opaque tokens', () => {
  const active = (changes: object = {}) => ({
    active: true,
    aud: resource,
    client_id: 'client-a',
    sub: 'user-1',
    scope: 'mcp:read',
    exp: seconds + 600,
    token_type: 'Bearer',
    ...changes,
  })

  async function startIntrospection(answer: unknown, changes: Partial<IntrospectionOptions> = {}) {
    const server = await startIssuer(one)
    server.routes.set('/introspect', answer)
    const introspection = { clientId: 'rs', clientSecret: 's', ...changes }
    return { ...server, ...createVerification({ ...server.options, introspection }) }
  }

  it('C16 asks who it has to, by the form of RFC 7662', async () => {
    const { verify, asked } = await startIntrospection(active(), {
      clientId: 'rs:1',
      clientSecret: 'a b+%ü',
    })
    await expect(verify('opaque')).resolves.toMatchObject({
      kind: 'user',
      subject: 'user-1',
      clientId: 'client-a',
      scopes: ['mcp:read'],
    })
    const question = asked.at(-1)
    expect(Object.fromEntries(question?.form ?? [])).toEqual({
      token: 'opaque',
      token_type_hint: 'access_token',
    })
    const credentials = Buffer.from((question?.authorization ?? '').slice(6), 'base64').toString()
    expect(credentials).toBe('rs%3A1:a+b%2B%25%C3%BC')
  })

  it('C16 names the client where a certificate authenticates it, at the alias for that', async () => {
    const server = await startIssuer(one)
    server.routes.set('/mtls/introspect', active())
    const { verify } = createVerification({ ...server.options, introspection: { clientId: 'rs' } })
    await verify('opaque')
    expect(server.asked.at(-1)).toMatchObject({
      path: '/mtls/introspect',
      authorization: undefined,
    })
    expect(server.asked.at(-1)?.form.get('client_id')).toBe('rs')
  })

  it('C16 asks where the options say', async () => {
    const server = await startIssuer(one)
    server.routes.set('/elsewhere', active())
    const introspection = { clientId: 'rs', clientSecret: 's', url: `${server.origin}/elsewhere` }
    await createVerification({ ...server.options, introspection }).verify('opaque')
    expect(server.asked.map(({ path }) => path)).toEqual(['/elsewhere'])
  })

  it('C16 answers 503 where neither options nor metadata say where to ask', async () => {
    const { verify, routes, issuer } = await startIntrospection(active())
    routes.set('/.well-known/oauth-authorization-server', { issuer })
    await expect(verify('opaque')).rejects.toEqual(away)
  })

  it('C16 asks once at a time about one token, whichever certificates it comes with', async () => {
    const { verify, asked } = await startIntrospection(active())
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => verify('opaque', `thumbprint-${index % 3}`)),
    )
    expect(asked.filter(({ path }) => path === '/introspect')).toHaveLength(1)
  })

  it.each([
    ['nothing else', { active: true }, 'audience'],
    ['no audience', active({ aud: undefined }), 'audience'],
    ['another audience', active({ aud: 'https://other.acme.test' }), 'audience'],
    ['another issuer', active({ iss: 'https://other.acme.test' }), 'unknown-issuer'],
    ['no expiry', active({ exp: undefined }), 'claims'],
    ['an expiry that has passed', active({ exp: seconds }), 'expired'],
    ['a beginning that is to come', active({ nbf: seconds + 60 }), 'not-yet-valid'],
    ['no client', active({ client_id: undefined }), 'claims'],
    ['a user without sub', active({ sub: undefined, username: 'alice' }), 'claims'],
    ['a confirmation nobody knows', active({ cnf: { kid: 'a' } }), 'binding'],
    ['the type of a refresh token', active({ token_type: 'refresh_token' }), 'type'],
    ['the type of a proven token without a key', active({ token_type: 'DPoP' }), 'type'],
    ['a type that is no text', active({ token_type: ['Bearer'] }), 'type'],
    [
      'a type that only looks like DPoP',
      active({ token_type: ['DPoP'], cnf: { jkt: 'A'.repeat(43) } }),
      'type',
    ],
    ['more than DPoP', active({ token_type: 'DPoP2', cnf: { jkt: 'A'.repeat(43) } }), 'type'],
    [
      'DPoP behind something',
      active({ token_type: 'x-DPoP', cnf: { jkt: 'A'.repeat(43) } }),
      'type',
    ],
    ['active false', { ...active(), active: false }, 'inactive'],
    ['active as a text', { ...active(), active: 'true' }, 'inactive'],
    ['active as a number', { ...active(), active: 1 }, 'inactive'],
    ['nothing', {}, 'inactive'],
  ])('C16 refuses an answer with %s', async (_, answer, reason) => {
    const { verify } = await startIntrospection(answer)
    await expect(verify('opaque')).rejects.toEqual(refusal(reason))
  })

  it('C16 reads the binding of an answer', async () => {
    const thumbprint = Buffer.alloc(32, 1).toString('base64url')
    const { verify } = await startIntrospection(active({ cnf: { 'x5t#S256': thumbprint } }))
    await expect(verify('opaque')).resolves.toHaveProperty('binding.certificate', thumbprint)
    const proven = await startIntrospection(
      active({ token_type: 'dpop', cnf: { jkt: thumbprint } }),
    )
    await expect(proven.verify('opaque')).resolves.toHaveProperty('binding.key', thumbprint)
  })

  it.each([400, 401, 403, 404, 429, 500])(
    'C16 answers 503 where it is answered %i',
    async (status) => {
      const { verify } = await startIntrospection((_: Asked, res: ServerResponse) =>
        res.writeHead(status).end(JSON.stringify(active())),
      )
      await expect(verify('opaque')).rejects.toEqual(away)
    },
  )

  it('C16 answers 503 where the answer does not come in 5 seconds, and asks again later', async () => {
    const { verify, routes, asked } = await startIntrospection(() => undefined)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const answer = verify('opaque')
    answer.catch(() => undefined)
    while (asked.at(-1)?.path !== '/introspect') await new Promise(setImmediate)
    vi.advanceTimersByTime(5_000)
    await expect(answer).rejects.toEqual(away)
    routes.set('/introspect', active())
    await expect(verify('opaque')).resolves.toBeDefined()
  })

  it('C16 asks about 100 tokens at a time and no more', async () => {
    const { verify, asked, routes } = await startIntrospection(active())
    await verify('first')
    routes.set('/introspect', () => undefined)
    const answers = Array.from({ length: 101 }, (_, index) =>
      verify(`opaque-${index}`).catch((error: unknown) => error),
    )
    await expect(answers[100]).resolves.toEqual(away)
    await expect(answers[100]).resolves.toHaveProperty(
      'message',
      'too many tokens are being asked about',
    )
    await vi.waitFor(
      () => expect(asked.filter(({ form }) => form.get('token') !== 'first')).toHaveLength(101),
      10_000,
    )
  })

  it('C15 takes a revoked token for no longer than cacheSeconds after it was asked about', async () => {
    const { verification, verify, routes, clock } = await startIntrospection(active(), {
      cacheSeconds: 20,
    })
    await verify('opaque')
    routes.set('/introspect', { active: false })
    clock.move(19_999)
    expect(verification.verify('opaque', undefined)).not.toBeInstanceOf(Promise)
    clock.move(1)
    await expect(verify('opaque')).rejects.toEqual(refusal('inactive'))
  })

  it('C15 takes a revoked token for 30 seconds where nothing else is said, or not at all', async () => {
    const { verification, verify, clock } = await startIntrospection(active())
    await verify('opaque')
    clock.move(29_999)
    expect(verification.verify('opaque', undefined)).not.toBeInstanceOf(Promise)
    clock.move(1)
    const anew = verification.verify('opaque', undefined)
    expect(anew).toBeInstanceOf(Promise)
    await anew
    const eager = await startIntrospection(active(), { cacheSeconds: 0 })
    await eager.verify('opaque')
    const again = eager.verification.verify('opaque', undefined)
    expect(again).toBeInstanceOf(Promise)
    await again
  })

  it('C15 takes an introspected token for no longer than until it expires', async () => {
    const { verify, clock } = await startIntrospection(active({ exp: seconds + 5 }))
    await verify('opaque')
    clock.move(5_000)
    await expect(verify('opaque')).rejects.toEqual(refusal('expired'))
  })

  it('C15 asks again 5 seconds after a token was not active, and not before', async () => {
    const { verify, routes, clock, asked } = await startIntrospection({ active: false })
    await expect(verify('opaque')).rejects.toEqual(refusal('inactive'))
    routes.set('/introspect', active())
    const before = asked.length
    clock.move(4_999)
    await expect(verify('opaque')).rejects.toEqual(refusal('inactive'))
    expect(asked).toHaveLength(before)
    clock.move(1)
    await expect(verify('opaque')).resolves.toBeDefined()
  })

  it('C15 remembers no failure, neither as active nor as not active', async () => {
    const { verify, routes, asked } = await startIntrospection((_: Asked, res: ServerResponse) =>
      res.writeHead(500).end(),
    )
    await expect(verify('opaque')).rejects.toEqual(away)
    await expect(verify('opaque')).rejects.toEqual(away)
    expect(asked.filter(({ path }) => path === '/introspect')).toHaveLength(2)
    routes.set('/introspect', active())
    await expect(verify('opaque')).resolves.toBeDefined()
  })

  it('asks about JWTs too where an issuer has introspection and no jwks', async () => {
    const { verify, issuer, asked } = await startIntrospection(active())
    const token = unsigned({ alg: 'HS256' }, { iss: issuer })
    await expect(verify(token)).resolves.toHaveProperty('subject', 'user-1')
    expect(asked.at(-1)?.form.get('token')).toBe(token)
  })

  it('verifies JWTs by the keys where an issuer has both, and asks about opaque tokens', async () => {
    const server = await startIssuer(one)
    server.routes.set('/introspect', active())
    const introspection = { clientId: 'rs', clientSecret: 's' }
    const options = { ...server.options, jwks: `${server.origin}/keys`, introspection }
    const { verify } = createVerification(options)
    await verify(await one.sign(claimsOf(server.issuer)))
    expect(server.asked.map(({ path }) => path)).toEqual(['/keys'])
    await expect(verify(unsigned({ alg: 'HS256' }, { iss: server.issuer }))).rejects.toEqual(
      refusal('algorithm'),
    )
    await verify('opaque')
    expect(server.asked.at(-1)?.path).toBe('/introspect')
  })

  it('asks the issuers in their order until one knows the token', async () => {
    const servers = [
      await startIssuer(one),
      await startIssuer(one),
      await startIssuer(one),
    ] as const
    const introspection = { clientId: 'rs', clientSecret: 's' }
    const [first, second, third] = servers
    first.routes.set('/introspect', { active: false })
    second.routes.set('/introspect', active())
    third.routes.set('/introspect', active())
    const { verify } = createVerification(
      { ...first.options, introspection },
      { ...second.options, introspection },
      { ...third.options, introspection },
    )
    await expect(verify('opaque')).resolves.toHaveProperty('issuer', second.issuer)
    expect(servers.map((server) => countOf(server, '/introspect'))).toEqual([1, 1, 0])
  })

  it('answers 503 where one issuer could not be asked and no other knows the token', async () => {
    const first = await startIssuer(one)
    const second = await startIssuer(one)
    const introspection = { clientId: 'rs', clientSecret: 's' }
    second.routes.set('/introspect', { active: false })
    const { verify } = createVerification(
      { ...first.options, introspection },
      { ...second.options, introspection },
    )
    await expect(verify('opaque')).rejects.toEqual(away)
    second.routes.set('/introspect', active())
    await expect(verify('opaque')).resolves.toHaveProperty('issuer', second.issuer)
  })
})

describe('createTokenVerification with a verifier of the application', () => {
  const info = {
    clientId: 'client-a',
    scopes: [],
    expiresAt: seconds + 60,
    resource: new URL(resource),
  }
  const settings = (verifier: OAuthOptions['verifier'] & object): OAuthOptions => ({
    resource,
    verifier,
    authorizationServers: ['https://as.acme.test'],
  })

  it('asks it for every request, and once at a time', async () => {
    const verifyAccessToken = vi.fn(async () => info)
    const { verify } = createTokenVerification(settings({ verifyAccessToken }), createClock().now)
    await Promise.all([verify('token', 'one'), verify('token', 'two')])
    expect(verifyAccessToken).toHaveBeenCalledTimes(1)
    await verify('token', 'one')
    expect(verifyAccessToken).toHaveBeenCalledTimes(2)
  })

  it('remembers no refusal either', async () => {
    const verifyAccessToken = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValue(info)
    const { verify } = createTokenVerification(settings({ verifyAccessToken }), createClock().now)
    await expect(verify('token', 'one')).rejects.toEqual(refusal('inactive'))
    await expect(verify('token', 'one')).resolves.toHaveProperty('clientId', 'client-a')
  })
})

describe('what is said of a token that is refused, or cannot be verified', () => {
  const issuer = 'https://as.acme.test'
  const introspection = { clientId: 'rs', clientSecret: 's' }
  const metadata = '/.well-known/oauth-authorization-server'

  /** The message where the authorization server answers by path; 404 elsewhere. */
  async function said(
    token: string,
    options: Partial<IssuerOptions>,
    answers: Readonly<Record<string, object>> = {},
  ): Promise<unknown> {
    const fetch: Fetch = async (url) => {
      const answer = answers[new URL(url).pathname]
      return answer ? new Response(JSON.stringify(answer)) : new Response('', { status: 404 })
    }
    const { verify } = createVerification({ issuer, fetch, ...options } as IssuerOptions)
    return verify(token).catch(({ message }: Error) => message)
  }

  it('names the rule of a JWT', async () => {
    const token = await one.sign(claimsOf(issuer))
    const foreign = await one.sign(claimsOf('https://other.acme.test'))
    expect(await said(token, {})).toBe(`the issuer ${issuer} has no metadata that names it`)
    expect(await said(token, {}, { [metadata]: { issuer } })).toBe(
      'the metadata of the issuer names no keys',
    )
    expect(await said(foreign, {})).toBe('no issuer of the token is configured')
    expect(await said('x'.repeat(16_385), {})).toBe('the token is too long')
    expect(await said('a b', {})).toBe('the token has characters a token cannot have')
  })

  it('names the rule of introspection', async () => {
    const url = `${issuer}/ask`
    const asked = { introspection: { ...introspection, url } }
    const answer = { active: true, aud: resource, token_type: 'x' }
    expect(await said('opaque', asked)).toBe(
      'the introspection endpoint gave no answer, but status 404',
    )
    expect(await said('opaque', asked, { '/ask': answer })).toBe(
      'the token type is not that of an access token',
    )
    expect(await said('opaque', asked, { '/ask': { active: false } })).toBe(
      'the token is not active',
    )
    expect(await said('opaque', { introspection }, { [metadata]: { issuer } })).toBe(
      'the metadata of the issuer names no introspection',
    )
  })

  it('says the same of a token that was not active a moment ago, and where all is closed', async () => {
    const fetch: Fetch = async () => new Response('{"active":false}')
    const asked = { introspection: { ...introspection, url: `${issuer}/ask` } }
    const { verification, verify } = createVerification({ issuer, fetch, ...asked })
    const message = () => verify('opaque').catch(({ message: text }: Error) => text)
    expect([await message(), await message()]).toEqual(Array(2).fill('the token is not active'))
    verification.close()
    expect(await message()).toBe('token verification was closed')
  })
})
