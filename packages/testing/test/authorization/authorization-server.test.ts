import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../src/authorization/authorization-server.js'
import { redirectUrl } from '../../src/authorization/client-store.js'
import { createTestCertificates, spiffeIds, type TestCertificates } from '../../src/certificates.js'

const resource = 'https://mcp.acme.test/mcp'
const opaque = 'https://opaque.acme.test/mcp'
let certificates: TestCertificates
let server: AuthorizationServer

beforeAll(async () => {
  const warn = vi.spyOn(console, 'warn')
  certificates = await createTestCertificates()
  server = await startAuthorizationServer({
    certificates,
    outbound: certificates.clients.operator,
    scopes: ['mcp:read', 'mcp:deploy'],
    accounts: { alice: { groups: ['platform'] } },
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
      { client_id: 'app', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
      {
        client_id: 'resource-server',
        client_secret: 'of-the-resource-server',
        redirect_uris: [],
        response_types: [],
        grant_types: [],
      },
    ],
  })
  server.addResource(resource, { scopes: ['mcp:read', 'mcp:deploy'] })
  server.addResource(opaque, { scopes: ['mcp:read'], format: 'opaque' })
  const warnings = warn.mock.calls.flat().map(String)
  warn.mockRestore()
  // Of its own configuration; that of Node's version is beside the point.
  expect(warnings.filter((text) => !text.includes('Unsupported runtime'))).toEqual([])
})
afterAll(async () => {
  await server.close()
  await certificates.remove()
})

const credentials = (parameters: Readonly<Record<string, string>> = {}) => ({
  client_id: 'reader',
  grant_type: 'client_credentials',
  scope: 'mcp:read',
  resource,
  ...parameters,
})
const asResourceServer = {
  authorization: `Basic ${Buffer.from('resource-server:of-the-resource-server').toString('base64')}`,
}

describe('client credentials with a certificate', () => {
  it('give a token bound to the certificate, for the resource', async () => {
    const certificate = certificates.clients.reader
    const { status, json } = await server.token({ certificate, parameters: credentials() })
    expect(status).toBe(200)
    const token = String(json['access_token'])
    const { raw } = new X509Certificate(certificate.cert)
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' })
    expect(decodeJwt(token)).toMatchObject({
      iss: server.issuer,
      aud: resource,
      sub: 'reader',
      client_id: 'reader',
      scope: 'mcp:read',
      cnf: { 'x5t#S256': createHash('sha256').update(raw).digest('base64url') },
    })
  })

  it.each(['operator', 'foreign', 'none'] as const)(
    'are refused to the certificate of %s',
    async (name) => {
      const certificate = certificates.clients[name]
      const { status, json } = await server.token({ certificate, parameters: credentials() })
      expect([status, json['error']]).toEqual([401, 'invalid_client'])
    },
  )

  it('are refused for a resource nobody registered', async () => {
    const answer = await server.token({
      certificate: certificates.clients.reader,
      parameters: credentials({ resource: 'https://evil.test/mcp' }),
    })
    expect(answer.json['error']).toBe('invalid_target')
  })

  it('give opaque tokens where the resource wants them, active until revoked', async () => {
    const certificate = certificates.clients.reader
    const parameters = credentials({ resource: opaque })
    const token = String((await server.token({ certificate, parameters })).json['access_token'])
    const introspect = async () =>
      (
        await server.introspect({
          certificate: certificates.clients.none,
          parameters: { token },
          headers: asResourceServer,
        })
      ).json
    expect(await introspect()).toMatchObject({
      active: true,
      aud: opaque,
      client_id: 'reader',
      cnf: { 'x5t#S256': expect.any(String) },
    })
    const revoked = await server.revoke({ certificate, parameters: { client_id: 'reader', token } })
    expect(revoked.status).toBe(200)
    expect(await introspect()).toEqual({ active: false })
  })
})

describe('authorization code with PKCE', () => {
  const verifier = randomBytes(32).toString('base64url')
  const request = (parameters: Readonly<Record<string, string>> = {}) => {
    const url = new URL(`${server.issuer}/auth`)
    url.search = new URLSearchParams({
      client_id: 'app',
      redirect_uri: redirectUrl,
      response_type: 'code',
      scope: 'mcp:read',
      state: 's',
      resource,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    }).toString()
    return url
  }
  const redeem = async (callback: URL, code_verifier = verifier) =>
    server.token({
      certificate: certificates.clients.none,
      parameters: {
        client_id: 'app',
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: redirectUrl,
        resource,
        code_verifier,
      },
    })

  it('gives a token for the account that signed in, with its claims and the scopes asked', async () => {
    const callback = await server.authorize(request(), { account: 'alice' })
    expect(callback.searchParams.get('iss')).toBe(server.issuer)
    const { json } = await redeem(callback)
    expect(decodeJwt(String(json['access_token']))).toMatchObject({
      sub: 'alice',
      client_id: 'app',
      aud: resource,
      scope: 'mcp:read',
      groups: ['platform'],
    })
  })

  it('refuses a code without its verifier, and a request without a challenge', async () => {
    const callback = await server.authorize(request(), { account: 'alice' })
    expect((await redeem(callback, randomBytes(32).toString('base64url'))).status).toBe(400)
    const url = request()
    url.searchParams.delete('code_challenge')
    url.searchParams.delete('code_challenge_method')
    const refused = await server.authorize(url, { account: 'alice' })
    expect(refused.searchParams.get('error')).toBe('invalid_request')
  })

  it('knows a client by the document at its id', async () => {
    const client_id = server.addClientDocument('agent.json', {
      client_name: 'agent',
      redirect_uris: [redirectUrl],
      token_endpoint_auth_method: 'none',
    })
    const callback = await server.authorize(request({ client_id }), { account: 'bob' })
    expect(callback.searchParams.get('code')).toEqual(expect.any(String))
    await expect(
      server.authorize(request({ client_id: `${client_id}x` }), { account: 'bob' }),
    ).rejects.toThrow('invalid_client')
  })
})
