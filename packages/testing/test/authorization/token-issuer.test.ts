import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTokenIssuer, type TokenIssuer } from '../../src/authorization/token-issuer.js'
import { createTestCertificates, type TestCertificates } from '../../src/certificates.js'

const audience = 'https://mcp.acme.test/mcp'
let certificates: TestCertificates
let issuer: TokenIssuer
let fetch: TokenIssuer['fetch']

beforeAll(async () => {
  certificates = await createTestCertificates()
  issuer = await startTokenIssuer({ certificates, outbound: certificates.clients.operator })
  fetch = issuer.fetch
})
afterEach(() => issuer.misbehave(undefined))
afterAll(async () => {
  await issuer.close()
  await certificates.remove()
})

const published = async () =>
  createLocalJWKSet((await (await fetch(issuer.jwksUrl)).json()) as JSONWebKeySet)

describe('tokens of the issuer', () => {
  it('verify by the keys its metadata names, as RFC 9068 says', async () => {
    const metadata = await (await fetch(`${issuer.url}${issuer.paths.metadata}`)).json()
    expect(metadata).toMatchObject({ issuer: issuer.url, jwks_uri: issuer.jwksUrl })
    const token = await issuer.issue({ scope: 'mcp:read', cnf: { jkt: 'x' } })
    const { payload } = await jwtVerify(token, await published(), {
      issuer: issuer.url,
      audience,
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
    })
    expect(payload).toMatchObject({ sub: 'alice', scope: 'mcp:read', cnf: { jkt: 'x' } })
  })

  it.each(['EdDSA', 'RS256'])('are signed by %s on request', async (alg) => {
    const token = await issuer.issue({ alg })
    await expect(jwtVerify(token, await published(), { algorithms: [alg] })).resolves.toBeDefined()
  })

  it('take every shape a test asks for', async () => {
    const token = await issuer.issue({ typ: 'JWT', kid: '../x', claims: { sub: undefined } })
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'JWT', kid: '../x' })
    expect(decodeJwt(token)).not.toHaveProperty('sub')
    const unsecured = await issuer.issue({ alg: 'none', header: { typ: undefined } })
    expect(unsecured).toMatch(/^[\w-]+\.[\w-]+\.$/)
    const symmetric = await issuer.issue({ alg: 'HS256', key: new Uint8Array(32) })
    await expect(jwtVerify(symmetric, new Uint8Array(32))).resolves.toBeDefined()
    await expect(issuer.issue({ alg: 'HS256' })).rejects.toThrow('no key for HS256')
    const repeated = await issuer.issue({ payload: '{"sub":"a","sub":"b"}' })
    expect(decodeJwt(repeated)).toEqual({ sub: 'b' })
  })

  it('outlive a rotation that keeps the old keys, and no other', async () => {
    const before = await issuer.issue()
    await issuer.rotateKeys()
    const after = await issuer.issue()
    await expect(jwtVerify(before, await published())).resolves.toBeDefined()
    await issuer.rotateKeys({ keep: false })
    await expect(jwtVerify(after, await published())).rejects.toThrow('no applicable key')
  })
})

describe('introspection', () => {
  const ask = (token: string, headers: Record<string, string> = {}, extra = {}) =>
    fetch(issuer.introspection.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token, ...extra }).toString(),
    })
  const basic = (secret: string) => ({
    authorization: `Basic ${Buffer.from(`${issuer.introspection.clientId}:${secret}`).toString('base64')}`,
  })

  it('describes active tokens to its client until they are revoked or expire', async () => {
    const { clientSecret } = issuer.introspection
    const describeToken = async (token: string) =>
      (await ask(token, basic(clientSecret))).json() as Promise<unknown>
    const token = issuer.issueOpaque({ scope: 'mcp:read' })
    expect(await describeToken(token)).toMatchObject({ active: true, aud: audience, sub: 'alice' })
    issuer.revoke(token)
    expect(await describeToken(token)).toEqual({ active: false })
    expect(await describeToken(issuer.issueOpaque({ expiresIn: -1 }))).toEqual({ active: false })
    expect(await describeToken('unknown')).toEqual({ active: false })
    expect(await describeToken(await issuer.issue())).toMatchObject({ active: true })
  })

  it('knows its client by secret or by certificate, and refuses others', async () => {
    const token = issuer.issueOpaque()
    const { clientId: client_id } = issuer.introspection
    expect((await ask(token)).status).toBe(401)
    expect((await ask(token, basic('wrong'))).status).toBe(401)
    expect((await ask(token, {}, { client_id })).status).toBe(200)
  })
})

describe('an issuer that misbehaves', () => {
  it('fails on the path it is told to and counts requests', async () => {
    const before = issuer.requests(issuer.paths.jwks)
    issuer.misbehave('error', issuer.paths.jwks)
    expect((await fetch(issuer.jwksUrl)).status).toBe(500)
    expect((await fetch(`${issuer.url}${issuer.paths.metadata}`)).status).toBe(200)
    expect(issuer.requests(issuer.paths.jwks)).toBe(before + 1)
  })

  it('sends elsewhere, where the answer is', async () => {
    issuer.misbehave('redirect', issuer.paths.jwks)
    const answer = await fetch(issuer.jwksUrl, { redirect: 'manual' })
    expect(answer.status).toBe(302)
    expect((await fetch(issuer.jwksUrl)).status).toBe(200)
    expect(issuer.requests(`/elsewhere${issuer.paths.jwks}`)).toBe(1)
  })

  it('sends 40 MB, or no JSON', async () => {
    issuer.misbehave('huge')
    const body = await (await fetch(issuer.jwksUrl)).arrayBuffer()
    expect(body.byteLength).toBeGreaterThan(40_000_000)
    issuer.misbehave('garbage')
    await expect((await fetch(issuer.jwksUrl)).json()).rejects.toThrow()
  })

  it('is down, or says nothing', async () => {
    issuer.misbehave('down')
    await expect(fetch(issuer.jwksUrl)).rejects.toThrow()
    issuer.misbehave('silent')
    const signal = AbortSignal.timeout(50)
    await expect(fetch(issuer.jwksUrl, { signal })).rejects.toThrow()
  })
})
