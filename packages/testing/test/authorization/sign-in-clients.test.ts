import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../src/authorization/authorization-server.js'
import { clientMetadata } from '../../src/authorization/client-store.js'
import { type HttpsServer, serveHttps, writeJson } from '../../src/authorization/serve-https.js'
import { connectSigningIn } from '../../src/authorization/sign-in-clients.js'
import { createTestCertificates, type TestCertificates } from '../../src/certificates.js'
import type { McpFixture } from '../../src/servers/mcp-fixture.js'
import { createMcpFixture } from '../../src/servers.js'

const scopes = ['mcp:read', 'mcp:deploy']
const metadataPath = '/.well-known/oauth-protected-resource/mcp'
let certificates: TestCertificates
let server: AuthorizationServer
let stub: HttpsServer
let fixture: McpFixture
let schemes: (string | undefined)[] = []

beforeAll(async () => {
  certificates = await createTestCertificates()
  fixture = createMcpFixture('v2 handler', 'JSON')
  server = await startAuthorizationServer({
    certificates,
    outbound: certificates.clients.operator,
    scopes,
  })
  stub = await serveHttps(certificates, (req, res) => {
    protect(req, res, stub.origin).catch(() => res.destroy())
  })
  server.addResource(`${stub.origin}/mcp`, { scopes })
})
afterAll(async () => {
  await stub.close()
  await fixture.close()
  await server.close()
  await certificates.remove()
})

/** A protected resource that believes every token: `deploy` needs a scope of its own. */
async function protect(req: IncomingMessage, res: ServerResponse, origin: string): Promise<void> {
  if (req.url === metadataPath) {
    writeJson(res, 200, { resource: `${origin}/mcp`, authorization_servers: [server.issuer] })
    return
  }
  const [scheme, token] = req.headers.authorization?.split(' ') ?? []
  schemes.push(scheme)
  const body = req.method === 'POST' ? await json(req) : undefined
  const challenge = `Bearer resource_metadata="${origin}${metadataPath}"`
  if (token === undefined) {
    res.writeHead(401, { 'www-authenticate': `${challenge}, scope="mcp:read"` }).end()
  } else if (isDeploy(body) && !String(decodeJwt(token)['scope']).includes('mcp:deploy')) {
    const value = `${challenge}, error="insufficient_scope", scope="mcp:read mcp:deploy"`
    res.writeHead(403, { 'www-authenticate': value }).end()
  } else {
    const { sub = '', aud } = decodeJwt(token)
    const auth = { token: '', clientId: `${sub} for ${aud}`, scopes: [] }
    await fixture.handle(Object.assign(req, { auth }), res, body)
  }
}

function isDeploy(body: unknown): boolean {
  return JSON.stringify(body)?.includes('"name":"deploy"') ?? false
}

describe.each(['v1', 'v2-legacy', 'v2-modern', 'v2-auto'] as const)('a %s client', (line) => {
  const options = () => ({
    line,
    server,
    certificate: certificates.clients.reader,
    account: 'alice',
  })

  it('registers, signs in, calls, steps up and calls', async () => {
    const client = await connectSigningIn(`${stub.origin}/mcp`, options())
    expect((await client.callTool('search')).text).toBe(`search for alice for ${stub.origin}/mcp`)
    expect(client.authorizations).toHaveLength(1)
    expect(decodeJwt(String(client.token()))['scope']).toBe('mcp:read')
    expect((await client.callTool('deploy')).text).toContain('deploy for alice')
    expect(client.authorizations).toHaveLength(2)
    expect(decodeJwt(String(client.token()))['scope']).toBe('mcp:read mcp:deploy')
    await client.close()
  })

  it('is known by its metadata document', async () => {
    const metadataUrl = server.addClientDocument(`${line}.json`, clientMetadata)
    const client = await connectSigningIn(`${stub.origin}/mcp`, { ...options(), metadataUrl })
    expect(decodeJwt(String(client.token()))).toMatchObject({ client_id: metadataUrl })
    await client.close()
  })
})

it('a client of SDK v2 proves the key its tokens are bound to', async () => {
  schemes = []
  const client = await connectSigningIn(`${stub.origin}/mcp`, {
    line: 'v2-legacy',
    server,
    certificate: certificates.clients.reader,
    account: 'alice',
    dpop: true,
  })
  await client.listTools()
  expect(decodeJwt(String(client.token()))['cnf']).toEqual({ jkt: expect.any(String) })
  expect(new Set(schemes)).toEqual(new Set([undefined, 'DPoP']))
  await client.close()
})
