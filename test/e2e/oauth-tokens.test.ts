import { definePolicy } from '@mcp-mtls/core'
import {
  type AuthorizationServer,
  type ClientCertificate,
  connectSigningIn,
  createTestCertificates,
  legacyPost,
  type Resource,
  rawRequest,
  spiffeIds,
  startAuthorizationServer,
  type TestCertificates,
  toolCall,
} from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openResource } from './open-resource.js'
import type { OpenServer } from './open-server.js'

const scopes = ['mcp:read']
const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  assignments: [{ spiffe: 'spiffe://acme.test/agents/*', token: 'any', roles: ['reader'] }],
})
const secret = 'of-the-resource-server'
let certificates: TestCertificates
let server: AuthorizationServer

beforeAll(async () => {
  certificates = await createTestCertificates()
  server = await startAuthorizationServer({
    certificates,
    outbound: certificates.clients.operator,
    scopes,
    clients: [
      {
        client_id: 'reader',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_san_uri: spiffeIds.reader,
        tls_client_certificate_bound_access_tokens: true,
      },
      {
        client_id: 'resource-server',
        client_secret: secret,
        redirect_uris: [],
        response_types: [],
        grant_types: [],
      },
    ],
  })
})
afterAll(async () => {
  await server.close()
  await certificates.remove()
})

interface Opening extends Pick<Resource, 'format' | 'expiresIn'> {
  readonly binding?: 'required'
  readonly dpop?: true
  readonly cacheSeconds?: number
}

function open({ format = 'jwt', expiresIn = 300, cacheSeconds, ...options }: Opening = {}) {
  const introspection = {
    clientId: 'resource-server',
    clientSecret: secret,
    ...(cacheSeconds !== undefined && { cacheSeconds }),
  }
  return openResource({
    files: certificates.files,
    options: { policy },
    oauth: (resource) => {
      server.addResource(resource, { scopes, format, expiresIn })
      const issuer = {
        issuer: server.issuer,
        fetch: server.fetch,
        ...(format === 'opaque' && { introspection }),
      }
      return { resource, issuers: [issuer], scopes, ...options }
    },
  })
}

/** A token for the client whose certificate has the reader's SPIFFE ID, bound to this certificate. */
async function obtain(
  resource: string,
  certificate: ClientCertificate = certificates.clients.reader,
): Promise<string> {
  const { status, json } = await server.token({
    certificate,
    parameters: {
      grant_type: 'client_credentials',
      client_id: 'reader',
      scope: 'mcp:read',
      resource,
    },
  })
  expect(status).toBe(200)
  return String(json['access_token'])
}

function call(
  { url }: Pick<OpenServer, 'url'>,
  token: string,
  certificate: ClientCertificate = certificates.clients.reader,
) {
  const authorization = `Bearer ${token}`
  return rawRequest(url, { certificate, ...legacyPost(toolCall('search'), { authorization }) })
}

const invalidToken = {
  status: 401,
  json: { error: { code: -31401 } },
  headers: { 'www-authenticate': expect.stringMatching(/^Bearer .*error="invalid_token"/) },
}

describe('client credentials of a client known by its SPIFFE ID', () => {
  it('C10 give a token that is good with the certificate it is bound to, and with no other', async () => {
    const opened = await open({ binding: 'required' })
    const token = await obtain(opened.url)
    expect(await call(opened, token)).toMatchObject({
      status: 200,
      json: { result: { content: [{ text: expect.stringContaining('search for') }] } },
    })
    const renewed = await certificates.renew('reader')
    expect(await call(opened, token, renewed)).toMatchObject(invalidToken)
    expect(await call(opened, token, certificates.clients.stranger)).toMatchObject(invalidToken)
    expect(await call(opened, await obtain(opened.url, renewed), renewed)).toMatchObject({
      status: 200,
    })
    expect(opened.calls).toEqual(['search', 'search'])
  })

  it('C15 are not taken over by another certificate from the cache', async () => {
    const opened = await open()
    const token = await obtain(opened.url)
    const renewed = await certificates.renew('reader')
    for (const [certificate, status] of [
      [certificates.clients.reader, 200],
      [renewed, 401],
      [certificates.clients.reader, 200],
      [renewed, 401],
    ] as const) {
      expect((await call(opened, token, certificate)).status).toBe(status)
    }
  })

  it('C01 a token for another resource is refused', async () => {
    const opened = await open()
    const other = await open()
    const token = await obtain(other.url)
    expect(await call(opened, token)).toMatchObject(invalidToken)
    expect((await call(other, token)).status).toBe(200)
    expect(opened.calls).toEqual([])
  })

  it('C10 the metadata says that tokens have to be bound', async () => {
    const bound = await open({ binding: 'required' })
    const unbound = await open()
    const read = async ({ url }: OpenServer) => {
      const certificate = certificates.clients.stranger
      const path = '/.well-known/oauth-protected-resource/mcp'
      return rawRequest(new URL(path, url).href, { certificate, method: 'GET' })
    }
    expect((await read(bound)).json).toMatchObject({
      resource: bound.url,
      authorization_servers: [server.issuer],
      tls_client_certificate_bound_access_tokens: true,
    })
    expect((await read(unbound)).body).not.toContain('certificate_bound_access_tokens":true')
  })
})

describe('opaque tokens', () => {
  const asks = () => server.requests('/token/introspection')

  it('C16 are introspected once and bound like any other', async () => {
    const opened = await open({ format: 'opaque' })
    const token = await obtain(opened.url)
    const before = asks()
    const answers = await Promise.all([1, 2, 3].map(() => call(opened, token)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await call(opened, token)).status).toBe(200)
    expect(asks()).toBe(before + 1)
    const renewed = await certificates.renew('reader')
    expect(await call(opened, token, renewed)).toMatchObject(invalidToken)
    expect(await call(opened, 'no-such-token')).toMatchObject(invalidToken)
  })

  it('C16 for another resource are refused', async () => {
    const opened = await open({ format: 'opaque' })
    const other = await open({ format: 'opaque' })
    expect(await call(opened, await obtain(other.url))).toMatchObject(invalidToken)
  })

  it('C15 that are revoked are refused once the cached answer has aged', async () => {
    const opened = await open({ format: 'opaque', cacheSeconds: 1 })
    const certificate = certificates.clients.reader
    const token = await obtain(opened.url)
    expect((await call(opened, token)).status).toBe(200)
    const revoked = Date.now()
    await server.revoke({ certificate, parameters: { client_id: 'reader', token } })
    let status = 200
    while (status === 200 && Date.now() < revoked + 5000) {
      ;({ status } = await call(opened, token))
    }
    expect(status).toBe(401)
  })
})

describe('C17 tokens bound to a key', () => {
  const signIn = (url: string) =>
    connectSigningIn(url, {
      line: 'v2-legacy',
      server,
      certificate: certificates.clients.reader,
      account: 'alice',
      dpop: true,
    })

  it('are taken with proofs, and not as bearer tokens', async () => {
    const opened = await open({ dpop: true })
    const client = await signIn(opened.url)
    try {
      expect((await client.callTool('search')).isError).toBe(false)
      expect((await client.callTool('search')).isError).toBe(false)
      expect(await call(opened, String(client.token()))).toMatchObject({ status: 401 })
      expect(opened.calls).toEqual(['search', 'search'])
    } finally {
      await client.close()
    }
  })

  it('are refused where proofs are not verified', async () => {
    const opened = await open()
    await expect(signIn(opened.url)).rejects.toThrow()
    const refusals = opened.events.filter(({ reason }) => reason !== 'missing')
    expect(refusals).not.toEqual([])
    for (const event of refusals) expect(event).toMatchObject({ effect: 'deny', reason: 'proof' })
    expect(opened.calls).toEqual([])
  })
})
