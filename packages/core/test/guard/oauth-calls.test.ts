import type { OutgoingHttpHeaders } from 'node:http'
import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../src/policy/define.js'
import { metadataUrl, oauthWith, resource } from './bearers.js'
import { callTool, openScene, type Scene, type SceneOptions, send, spiffeId } from './stage.js'

const gpt = 'spiffe://acme.test/agents/gpt'
const stranger = 'spiffe://acme.test/agents/stranger'
const policy = definePolicy({
  version: 1,
  roles: {
    reader: { tools: ['search', { name: 'deploy', scopes: ['deploy'] }] },
    user: { tools: ['mail'] },
  },
  assignments: [
    { spiffe: spiffeId, roles: ['reader'] },
    { spiffe: spiffeId, token: { subject: 'alice' }, roles: ['user'] },
    { spiffe: gpt, token: { subject: 'alice' }, roles: ['user'], challenge: 'tool-result' },
    { spiffe: stranger, token: { subject: 'alice' }, roles: ['user'] },
  ],
})

const open = (options: SceneOptions = {}) =>
  openScene({ policy, oauth: oauthWith({ require: 'certificate' }), ...options })

interface Asked {
  readonly tool?: string
  readonly token?: string
  readonly uri?: string
  readonly headers?: OutgoingHttpHeaders
}

function call(scene: Scene, { tool = 'mail', token, uri = spiffeId, headers }: Asked = {}) {
  return send(scene, {
    certificate: { uri: [uri] },
    body: callTool(tool),
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
  })
}

const unauthenticated = { id: null, error: { code: -31401 } }

describe('a call behind a guard with OAuth', () => {
  it('C11 runs with what certificate and token are for together', async () => {
    const scene = await open()
    expect((await call(scene, { tool: 'search' })).status).toBe(200)
    expect((await call(scene, { token: 'alice' })).status).toBe(200)
    expect(scene.reached).toHaveLength(2)
    const name = `default/spiffe:${spiffeId}`
    expect(scene.events).toMatchObject([
      { effect: 'allow', principal: name },
      { effect: 'allow', principal: `${name}+https://as.acme.test#alice` },
    ])
  })

  it('C11 with a bad token is refused as a whole, also where none is needed', async () => {
    const scene = await open()
    const { status, headers, json } = await call(scene, { tool: 'search', token: 'mallory' })
    expect({ status, json }).toMatchObject({ status: 401, json: unauthenticated })
    expect(headers['www-authenticate']).toContain('error="invalid_token"')
    expect(headers['www-authenticate']).toContain(`resource_metadata="${metadataUrl}"`)
    expect(scene.events).toMatchObject([{ type: 'authentication', reason: 'inactive' }])
    expect(scene.reached).toEqual([])
  })

  it('C20 that lacks a token or scopes is told which', async () => {
    const scene = await open()
    const bare = await call(scene)
    expect(bare).toMatchObject({ status: 401, json: { id: 1, error: { code: -31401 } } })
    const scoped = await call(scene, { tool: 'deploy', token: 'alice' })
    expect(scoped).toMatchObject({ status: 403, json: { id: 1, error: { code: -31403 } } })
    expect(scoped.headers['www-authenticate']).toContain('scope="deploy files:read"')
    expect(scene.events).toMatchObject([
      { effect: 'challenge', reason: 'token-required' },
      { effect: 'challenge', reason: 'insufficient-scope' },
    ])
    expect(scene.reached).toEqual([])
  })

  it('of a caller that only a token could give a role is challenged at once', async () => {
    const scene = await open()
    const { status, headers } = await call(scene, { uri: stranger })
    expect(status).toBe(401)
    expect(headers['www-authenticate']).not.toContain('error=')
    expect(scene.events).toMatchObject([{ type: 'authentication', reason: 'missing' }])
    expect((await call(scene, { uri: stranger, token: 'alice' })).status).toBe(200)
  })

  it('C19 takes its token no further than the guard', async () => {
    const seen: unknown[] = []
    const scene = await open({
      server: (listener, { tls }) =>
        tls.createServer((req, res) => {
          res.once('finish', () => seen.push(req.headers.authorization, req.rawHeaders.join()))
          listener?.(req, res)
        }),
    })
    await call(scene, { token: 'alice' })
    expect(seen).toHaveLength(2)
    expect(seen[0]).toBeUndefined()
    expect(seen[1]).not.toMatch(/authorization|alice/i)
  })

  it('with the token in a wrong place is 400 with a challenge', async () => {
    const scene = await open()
    const { status, headers } = await call(scene, { headers: { authorization: 'Basic YTpi' } })
    expect(status).toBe(400)
    expect(headers['www-authenticate']).toContain('error="invalid_request"')
    expect(scene.events).toMatchObject([{ type: 'protocol' }])
  })
})

describe('a caller that is told in the results of its tools', () => {
  it('gets to the call, and is told there what it lacks', async () => {
    const scene = await open()
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const certificate = { uri: [gpt] }
    expect((await send(scene, { certificate, body: list })).status).toBe(200)
    const { status, json } = await call(scene, { uri: gpt })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      id: 1,
      result: { isError: true, _meta: { 'mcp/www_authenticate': [expect.any(String)] } },
    })
    expect(scene.reached).toEqual([list])
  })

  it('is told there of a bad token, once and on record', async () => {
    const scene = await open()
    const { status, json } = await call(scene, { uri: gpt, token: 'mallory' })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      id: 1,
      result: { _meta: { 'mcp/www_authenticate': [expect.stringContaining('invalid_token')] } },
    })
    expect(scene.events).toMatchObject([{ type: 'authentication', reason: 'inactive' }])
    expect(scene.reached).toEqual([])
  })

  it.each([
    ['another request', { jsonrpc: '2.0', id: 1, method: 'tools/list' }],
    ['a tool call without an id', { jsonrpc: '2.0', method: 'tools/call', params: {} }],
    ['a list of messages', [callTool('mail')]],
  ])('is told of a bad token by the status in %s', async (_, body) => {
    const scene = await open()
    const headers = { authorization: 'Bearer mallory' }
    const answer = await send(scene, { certificate: { uri: [gpt] }, body, headers })
    expect(answer).toMatchObject({ status: 401, json: unauthenticated })
    expect(scene.events).toMatchObject([{ type: 'authentication', reason: 'inactive' }])
  })
})

describe('a challenge to a page', () => {
  const origin = 'https://app.example'

  it('of an allowed origin can be read by it', async () => {
    const scene = await open({ origins: [origin] })
    const asked = await call(scene, { uri: stranger, headers: { origin } })
    expect(asked).toMatchObject({
      status: 401,
      headers: { 'access-control-allow-origin': origin },
    })
    const other = await call(scene, { uri: stranger, headers: { origin: 'https://b.example' } })
    expect(other.status).toBe(401)
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('that says twice what it is comes without', async () => {
    const scene = await open({ origins: [origin] })
    const headers = { origin: [origin, origin] } as unknown as OutgoingHttpHeaders
    const { status, headers: sent } = await call(scene, { uri: stranger, headers })
    expect(status).toBe(401)
    expect(sent).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('a guard with OAuth', () => {
  it('C18 serves the metadata, and says where', async () => {
    const scene = await open({
      server: (listener, { tls }) =>
        tls.createServer((req, res) => {
          if (!scene.guard.serveMetadata(req, res)) listener?.(req, res)
        }),
    })
    const [path = ''] = scene.guard.metadataPaths
    expect(path).toBe(new URL(metadataUrl).pathname)
    const { json } = await send(scene, { method: 'GET', path, body: '' })
    expect(json).toMatchObject({ resource })
    expect((await call(scene, { tool: 'search' })).status).toBe(200)
  })

  it('serves none without the option', async () => {
    const { guard } = await openScene()
    expect(guard.metadataPaths).toEqual([])
  })

  it('verifies no token once it is closed', async () => {
    const asked: string[] = []
    const verifier = {
      async verifyAccessToken(text: string) {
        asked.push(text)
        throw new Error('nobody knows it')
      },
    }
    const scene = await open({ oauth: oauthWith({ require: 'certificate', verifier }) })
    await call(scene, { token: 'one' })
    await scene.guard.close()
    expect((await call(scene, { token: 'two' })).status).toBe(503)
    expect(asked).toEqual(['one'])
  })
})
