import { randomUUID, X509Certificate } from 'node:crypto'
import { type MtlsFetch, mtlsFetch } from '@mcp-mtls/client'
import type { IssuerOptions } from '@mcp-mtls/core'
import {
  type ClientCertificate,
  connect,
  connectSigningIn,
  createTestCertificates,
  legacyPost,
  message,
  rawRequest,
  redirectUrl,
  type TestCertificates,
} from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toRealm } from './keycloak/realm.js'
import {
  createRealmClient,
  decodeToken,
  type RealmClient,
  signIn,
} from './keycloak/realm-client.js'
import { findPort, type GuardedServer, serve } from './keycloak/serve.js'
import { type Keycloak, startKeycloak } from './keycloak/start-keycloak.js'

/** What `node scripts/keycloak.js` prints; the tier `interop` sets it. */
const distribution = process.env['MCP_MTLS_KEYCLOAK'] ?? ''
const password = randomUUID()
const lines = ['v1', 'v2-modern'] as const

let certificates: TestCertificates
let keycloak: Keycloak
let fetches: Readonly<Record<'agent' | 'other' | 'server', MtlsFetch>>
let agent: RealmClient
let guarded: GuardedServer
let strict: GuardedServer
let asking: GuardedServer

async function start(): Promise<void> {
  certificates = await createTestCertificates()
  const { reader, operator, stranger } = certificates.clients
  const port = await findPort()
  const resource = `https://localhost:${port}/mcp`
  const commonNames = { agent: 'reader', server: 'stranger' }
  keycloak = await startKeycloak({
    distribution,
    files: certificates.files,
    realm: toRealm({ resource, redirectUrl, password, commonNames }),
  })
  const { issuer } = keycloak
  const present = (certificate: ClientCertificate) =>
    mtlsFetch({ ...certificate, origins: [new URL(issuer).origin] })
  fetches = { agent: present(reader), other: present(operator), server: present(stranger) }
  agent = createRealmClient(issuer, fetches.agent)
  const serveWith = (options: Partial<IssuerOptions>, at = 0) =>
    serve({
      files: certificates.files,
      issuer,
      port: at,
      oauth: {
        resource,
        binding: 'required',
        issuers: [{ issuer, fetch: fetches.server, ...options }],
      },
    })
  guarded = await serveWith({ profile: 'keycloak' }, port)
  strict = await serveWith({})
  asking = await serveWith({
    profile: 'keycloak',
    introspection: { clientId: 'mcp-server', cacheSeconds: 1 },
  })
}

async function stop(): Promise<void> {
  for (const server of [guarded, strict, asking]) await server?.close()
  for (const fetch of Object.values(fetches ?? {})) await fetch.close()
  await keycloak?.close()
  await certificates?.remove()
}

/** A token of a client for itself. */
async function tokenOf(clientId: string): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: clientId }
  const { status, json } = await agent.token(form)
  expect(status, JSON.stringify(json)).toBe(200)
  return String(json['access_token'])
}

/** What ada's sign-in brings a client, by an authorization code with PKCE. */
async function tokensOfUser(clientId: string): Promise<Readonly<Record<string, unknown>>> {
  const verifier = randomUUID() + randomUUID()
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const url = new URL(`${keycloak.issuer}/protocol/openid-connect/auth`)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUrl,
    scope: 'openid',
    code_challenge: Buffer.from(challenge).toString('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const callback = await signIn(url, { fetch: fetches.agent, username: 'ada', password })
  const { json } = await agent.token({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUrl,
    code: String(callback.searchParams.get('code')),
    code_verifier: verifier,
  })
  return json
}

/** Posts `initialize` with a token; the status, and what the guard noted. */
async function post(server: GuardedServer, token: string, certificate?: ClientCertificate) {
  server.reasons.length = 0
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1.0.0' },
  }
  const { status, headers } = await rawRequest(server.url, {
    certificate: certificate ?? certificates.clients.reader,
    ...legacyPost(message('initialize', params), { authorization: `Bearer ${token}` }),
  })
  return { status, challenge: headers['www-authenticate'], reasons: [...server.reasons] }
}

/** An SDK client that finds Keycloak by itself and whose user signs in there. */
function connectAs(username: string, line: (typeof lines)[number]) {
  return connectSigningIn(guarded.url, {
    line,
    certificate: certificates.clients.reader,
    account: username,
    clientId: 'agent',
    server: {
      issuer: keycloak.issuer,
      authorize: (url) => signIn(new URL(url), { fetch: fetches.agent, username, password }),
    },
  })
}

describe.skipIf(distribution === '')('Keycloak', () => {
  beforeAll(start, 240_000)
  afterAll(stop)

  it('issues tokens bound to the certificate, which are of RFC 9068 for clients set to it', async () => {
    const { raw } = new X509Certificate(certificates.clients.reader.cert)
    const thumbprint = Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(raw)))
    const cnf = { 'x5t#S256': thumbprint.toString('base64url') }
    const usual = decodeToken(await tokenOf('agent'))
    expect(usual.header).toMatchObject({ typ: 'JWT' })
    expect(usual.claims).toMatchObject({ cnf, iss: keycloak.issuer, typ: 'Bearer', azp: 'agent' })
    const standard = decodeToken(await tokenOf('agent-rfc9068'))
    expect(standard.header).toMatchObject({ typ: 'at+jwt' })
    expect(standard.claims).toMatchObject({ cnf, client_id: 'agent-rfc9068' })
  })

  it('gives no token to another certificate', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'agent' }
    const { status, json } = await createRealmClient(keycloak.issuer, fetches.other).token(form)
    expect([status, json['error']]).toEqual([401, 'invalid_client'])
  })

  it.each(lines)(
    'C07 a %s client acts for itself with its certificate and its token',
    async (line) => {
      const token = await tokenOf('agent')
      const client = await connect(guarded.url, {
        line,
        token,
        certificate: certificates.clients.reader,
      })
      expect((await client.listTools()).toSorted()).toEqual(['docs.purge', 'search'])
      expect((await client.callTool('docs.purge')).isError).toBe(false)
      await expect(client.callTool('deploy')).rejects.toMatchObject({ code: -31403 })
      await client.close()
    },
  )

  it('C10 refuses the token with another certificate that is as good', async () => {
    const token = await tokenOf('agent')
    expect((await post(guarded, token)).status).toBe(200)
    const { status, challenge, reasons } = await post(guarded, token, certificates.clients.operator)
    expect(status).toBe(401)
    expect(challenge).toContain('error="invalid_token"')
    expect(reasons).toEqual(['binding'])
  })

  it('C10 refuses a token that is bound to nothing', async () => {
    const { status, reasons } = await post(guarded, await tokenOf('agent-unbound'))
    expect([status, reasons]).toEqual([401, ['unbound']])
  })

  it('C01 refuses a token for another audience', async () => {
    const { status, reasons } = await post(guarded, await tokenOf('agent-elsewhere'))
    expect([status, reasons]).toEqual([401, ['audience']])
  })

  describe.each(lines)('with a %s client', (line) => {
    it('a user of the group finds its way in and may do what the group may', async () => {
      const client = await connectAs('ada', line)
      expect((await client.listTools()).toSorted()).toEqual(['deploy', 'search'])
      expect((await client.callTool('deploy')).text).toContain('deploy for')
      await expect(client.callTool('docs.read')).rejects.toMatchObject({ code: -31403 })
      expect(client.authorizations).toHaveLength(1)
      expect(decodeToken(client.token()).claims).toMatchObject({ groups: ['platform'] })
      await client.close()
    })

    it('a user of another group may do what the realm role may, and nothing of the first', async () => {
      const client = await connectAs('bob', line)
      expect((await client.listTools()).toSorted()).toEqual(['docs.read', 'search'])
      expect((await client.callTool('docs.read')).text).toContain('docs.read for')
      guarded.reasons.length = 0
      await expect(client.callTool('deploy')).rejects.toMatchObject({ code: -31403 })
      expect(guarded.reasons).toEqual(['not-allowed'])
      await client.close()
    })
  })

  it('C04 an ID token for the same audience is no access token', async () => {
    const json = await tokensOfUser('agent-id-token')
    const idToken = String(json['id_token'])
    expect([decodeToken(idToken).claims['aud']].flat()).toContain(guarded.url)
    const { status, reasons } = await post(guarded, idToken)
    expect([status, reasons]).toEqual([401, ['type']])
    expect((await post(guarded, String(json['access_token']))).status).toBe(200)
  })

  it('C04 without a profile only the client set to RFC 9068 is understood', async () => {
    const { status, reasons } = await post(strict, await tokenOf('agent'))
    expect([status, reasons]).toEqual([401, ['type']])
    expect((await post(strict, await tokenOf('agent-rfc9068'))).status).toBe(200)
    const ofUser = await tokensOfUser('agent-rfc9068')
    expect((await post(strict, String(ofUser['access_token']))).status).toBe(200)
    expect((await post(guarded, await tokenOf('agent-rfc9068'))).status).toBe(200)
  })

  it('C16 is asked about tokens by a server that it knows by its certificate, until one is revoked', async () => {
    const token = await tokenOf('agent')
    expect((await post(asking, token)).status).toBe(200)
    const stolen = await post(asking, token, certificates.clients.operator)
    expect([stolen.status, stolen.reasons]).toEqual([401, ['binding']])
    expect((await agent.revoke({ token, client_id: 'agent' })).status).toBe(200)
    await expect
      .poll(async () => (await post(asking, token)).status, { timeout: 10_000, interval: 250 })
      .toBe(401)
    expect((await post(asking, token)).reasons).toEqual(['inactive'])
  })
})
