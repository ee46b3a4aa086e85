import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { IntrospectionOptions } from '../../src/oauth/options.js'
import { type Asked, claimsOf, resource, seconds, unsigned } from './authorization-server.js'
import {
  away,
  countOf,
  createVerification,
  one,
  refusal,
  startIssuer,
} from './verification-stage.js'

afterEach(() => {
  vi.useRealTimers()
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
    ['nothing else', { active: true }, 'type'],
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
    ['no type', active({ token_type: undefined }), 'type'],
    ['the use of a refresh token', active({ token_use: 'refresh_token' }), 'type'],
    [
      'the use of a refresh token for its type',
      active({ token_type: undefined, token_use: 'refresh_token' }),
      'type',
    ],
    ['a use that is no text', active({ token_use: ['access_token'] }), 'type'],
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

  it.each([
    { token_type: 'bearer' },
    { token_type: 'Bearer', token_use: 'access_token' },
    { token_type: 'access_token' },
    { token_type: undefined, token_use: 'access_token' },
    { token_type: undefined, token_use: 'access' },
  ])('C16 takes an answer that names an access token by %j', async (names) => {
    const { verify } = await startIntrospection(active(names))
    await expect(verify('opaque')).resolves.toHaveProperty('subject', 'user-1')
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
