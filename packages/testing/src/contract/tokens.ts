import { definePolicy, type OAuthOptions } from '@mcp-mtls/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  startTokenIssuer,
  type TokenIssuer,
  type TokenRequest,
} from '../authorization/token-issuer.js'
import { spiffeIds } from '../certificates.js'
import { legacyPost, message, toolCall } from '../clients/messages.js'
import { type RawResponse, rawRequest } from '../clients/raw-request.js'
import { legacyServer, type Scene, type Stage } from './stage.js'

const resource = 'https://mcp.acme.test/mcp'
const metadataUrl = 'https://mcp.acme.test/.well-known/oauth-protected-resource/mcp'
const unauthenticated = { jsonrpc: '2.0', error: { code: -31401 } }

/** The reader may search by its certificate; a token adds `docs.read`, and with a scope `deploy`. The operator is told in results. */
const policy = definePolicy({
  version: 1,
  roles: {
    anyone: { tools: ['search'] },
    user: { tools: ['docs.read', { name: 'deploy', scopes: ['mcp:deploy'] }] },
  },
  assignments: [
    { spiffe: spiffeIds.reader, roles: ['anyone'] },
    { spiffe: spiffeIds.reader, token: { subject: 'alice' }, roles: ['user'] },
    { spiffe: spiffeIds.operator, token: 'any', challenge: 'tool-result', roles: ['user'] },
  ],
})

/** Tokens beside certificates: how they are sent, what they add, and what their absence is answered with. */
export function describeTokens(stage: Stage): void {
  describe('tokens', () => {
    let issuer: TokenIssuer
    let scene: Scene
    const issue = (request: TokenRequest = {}) => issuer.issue(request)
    const send = (headers: Record<string, string | string[]>, body: unknown, path = '') =>
      rawRequest(`${scene.url}${path}`, {
        certificate: stage.certificates.clients.reader,
        ...legacyPost(body, headers),
      })
    const bearer = async (request: TokenRequest = {}) => ({
      authorization: `Bearer ${await issue(request)}`,
    })

    beforeAll(async () => {
      issuer = await startTokenIssuer({
        certificates: stage.certificates,
        outbound: stage.certificates.clients.operator,
        audience: resource,
      })
      const oauth: OAuthOptions = {
        resource,
        require: 'certificate',
        scopes: ['mcp:deploy'],
        issuers: [{ issuer: issuer.url, fetch: issuer.fetch }],
      }
      scene = await stage.open({
        fixture: legacyServer(),
        clientCertificate: 'request',
        options: { oauth, policy },
      })
    })
    afterAll(async () => {
      await scene.stop()
      await issuer.close()
    })

    it('C11 add what the policy gives to the certificate with them', async () => {
      expect((await send({}, toolCall('search'))).json).toMatchObject({ result: {} })
      expect((await send(await bearer(), toolCall('docs.read'))).json).toMatchObject({ result: {} })
      const other = await send(await bearer({ sub: 'bob' }), toolCall('docs.read'))
      expect(other).toMatchObject({ status: 200, json: { error: { code: -31403 } } })
    })

    it('C07 of a client named as a user give it nothing of the user', async () => {
      const answer = await send(
        await bearer({ sub: 'alice', clientId: 'alice' }),
        toolCall('docs.read'),
      )
      expect(answer.json).toMatchObject({ error: { code: -31403 } })
    })

    it('that are missing where an operation wants one are asked for by 401', async () => {
      const answer = await send({}, toolCall('docs.read'))
      expect(answer).toMatchObject({ status: 401, json: { ...unauthenticated, id: 1 } })
      expectChallenge(answer, [`resource_metadata="${metadataUrl}"`, 'scope="mcp:deploy"'])
      expect(answer.headers['www-authenticate']).not.toContain('error=')
    })

    it('C20 with too little scope are told of all that is needed, with what was granted', async () => {
      const answer = await send(await bearer({ scope: 'mcp:read' }), toolCall('deploy'))
      expect(answer).toMatchObject({ status: 403, json: { id: 1, error: { code: -31403 } } })
      expectChallenge(answer, ['error="insufficient_scope"', 'scope="mcp:deploy mcp:read"'])
      const enough = await send(await bearer({ scope: 'mcp:read mcp:deploy' }), toolCall('deploy'))
      expect(enough.json).toMatchObject({ result: {} })
    })

    it('C20 show in lists what more of them would open', async () => {
      const listed = async (headers: Record<string, string>) => {
        const { json } = await send(headers, message('tools/list'))
        return namesOf(json)
      }
      expect(await listed({})).toEqual(['deploy', 'docs.read', 'search'])
      expect(await listed(await bearer())).toEqual(['deploy', 'docs.read', 'search'])
      expect(await listed(await bearer({ sub: 'bob' }))).toEqual(['search'])
    })

    it('are asked for in the result of a tool call where the assignment says so', async () => {
      const certificate = stage.certificates.clients.operator
      const call = async (headers: Record<string, string>, body: unknown) =>
        rawRequest(scene.url, { certificate, ...legacyPost(body, headers) })
      expect(namesOf((await call({}, message('tools/list'))).json)).toEqual(['deploy', 'docs.read'])
      const expired = await bearer({ expiresIn: -3600 })
      const poor = await bearer()
      for (const [headers, tool, error] of [
        [{}, 'docs.read', 'insufficient_scope'],
        [expired, 'docs.read', 'invalid_token'],
        [poor, 'deploy', 'insufficient_scope'],
      ] as const) {
        const { status, json } = await call(headers, toolCall(tool))
        expect(status).toBe(200)
        const challenge = expect.stringContaining(`error="${error}"`)
        const meta = { 'mcp/www_authenticate': [challenge] }
        expect(json).toMatchObject({ id: 1, result: { isError: true, _meta: meta } })
      }
      const list = await call(expired, message('tools/list'))
      expect(list).toMatchObject({ status: 401, json: unauthenticated })
      expect((await call(poor, toolCall('docs.read'))).json).toMatchObject({
        result: { content: [{ text: expect.stringContaining('docs.read') }] },
      })
    })

    it.each([
      [
        'two headers',
        async () => ({ authorization: [`Bearer ${await issue()}`, `Bearer ${await issue()}`] }),
      ],
      ['no token', async () => ({ authorization: 'Bearer ' })],
      ['two spaces', async () => ({ authorization: `Bearer  ${await issue()}` })],
      ['text after the token', async () => ({ authorization: `Bearer ${await issue()} junk` })],
      ['another scheme', async () => ({ authorization: 'Basic YTpi' })],
      ['two tokens in one', async () => ({ authorization: `Bearer ${await issue()}, Bearer b` })],
    ])('C13 sent with %s are refused by 400', async (_, headersOf) => {
      const before = scene.reached()
      const answer = await send(await headersOf(), toolCall('search'))
      expect(answer).toMatchObject({ status: 400, json: { error: { code: -32600 } } })
      expectChallenge(answer, ['error="invalid_request"'])
      expect(scene.reached()).toBe(before)
    })

    it('C12 in the query are refused, also beside a header', async () => {
      const token = await issue()
      const path = `?access_token=${token}`
      expect(await send({}, toolCall('search'), path)).toMatchObject({ status: 401 })
      expect(await send(await bearer(), toolCall('search'), path)).toMatchObject({ status: 400 })
    })

    it.each([
      ['expired', { expiresIn: -3600 }],
      ['C01 for another resource', { audience: 'https://other.acme.test/mcp' }],
      ['C01 for a prefix of the resource', { audience: 'https://mcp.acme.test' }],
      ['C03 unsigned', { alg: 'none' }],
      ['C04 that are ID tokens', { typ: 'JWT' }],
      ['C10 bound to another certificate', { cnf: { 'x5t#S256': 'A'.repeat(43) } }],
      ['C17 bound to a key', { cnf: { jkt: 'A'.repeat(43) } }],
    ] as const)('%s are refused by 401 and nothing else is told', async (_, request) => {
      const answer = await send(await bearer(request), toolCall('search'))
      expect(answer).toMatchObject({ status: 401, json: { ...unauthenticated, id: null } })
      expectChallenge(answer, ['error="invalid_token"', `resource_metadata="${metadataUrl}"`])
      expect(JSON.stringify(scene.events)).not.toContain('eyJ')
    })

    it('C14 C18 tell where the metadata is by configuration, whatever the request calls the host', async () => {
      const answer = await send({ host: 'evil.test', ...(await bearer({ expiresIn: -3600 })) }, {})
      expect(answer.headers['www-authenticate']).toContain(metadataUrl)
      expect(JSON.stringify(answer.headers)).not.toContain('evil')
    })

    it('C18 need none for the metadata, nor a certificate', async () => {
      const { none } = stage.certificates.clients
      for (const path of [
        '/.well-known/oauth-protected-resource/mcp',
        '/.well-known/oauth-protected-resource',
      ]) {
        const answer = await rawRequest(new URL(path, scene.url).href, {
          certificate: none,
          method: 'GET',
        })
        expect(answer).toMatchObject({
          status: 200,
          headers: { 'access-control-allow-origin': '*' },
          json: { resource, authorization_servers: [issuer.url] },
        })
      }
      const other = new URL('/other', scene.url).href
      const refused = await rawRequest(other, { certificate: none, method: 'GET' })
      expect([403, 404]).toContain(refused.status)
    })
  })
}

function expectChallenge({ headers }: RawResponse, parts: readonly string[]): void {
  const challenge = headers['www-authenticate']
  expect(challenge).toMatch(/^Bearer /)
  for (const part of parts) expect(challenge).toContain(part)
}

function namesOf(json: unknown): readonly string[] {
  const { result } = json as { result: { tools: readonly { name: string }[] } }
  return result.tools.map(({ name }) => name).sort()
}
