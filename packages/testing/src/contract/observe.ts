import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyPost, type Message, message, postHeaders, toolCall } from '../clients/messages.js'
import { type RawRequest, rawRequest } from '../clients/raw-request.js'
import { openRawSession } from '../clients/raw-session.js'
import { createV1Stateful } from '../servers/v1-stateful.js'
import { openSessionStream } from '../session-attacks.js'
import { legacyServer, type Scene, type Stage } from './stage.js'

const options = { enforcement: 'observe' } as const

/** Observing lets through what the policy denies, writes it down, and gives up nothing else. */
export function describeObserve(stage: Stage): void {
  describe('observing', () => {
    describeLetThrough(stage)
    describeStranger(stage)
    describeEnforced(stage)
  })
}

const denied: readonly { readonly name: string; readonly request: Message }[] = [
  { name: 'deploy', request: toolCall('deploy') },
  { name: 'docs.purge', request: toolCall('docs.purge') },
  { name: 'secret-brief', request: message('prompts/get', { name: 'secret-brief' }) },
  {
    name: 'file:///private/keys',
    request: message('resources/read', { uri: 'file:///private/keys' }),
  },
]

function wouldDeny({ events }: Scene): (string | undefined)[] {
  return events
    .filter(({ effect }) => effect === 'would-deny')
    .map(({ operation }) => operation?.name)
}

function describeLetThrough(stage: Stage): void {
  it.each(denied)('lets $name through and records that it would be denied', async (entry) => {
    const fixture = legacyServer()
    await stage.play({ fixture, options }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(scene.url, { certificate, ...legacyPost(entry.request) })
      expect(answer).toMatchObject({ status: 200, json: { result: {} } })
      expect(fixture.calls).toEqual([entry.name])
      expect(wouldDeny(scene)).toEqual([entry.name])
      const event = scene.events.find(({ effect }) => effect === 'would-deny')
      expect(event).toMatchObject({ type: 'decision', hint: expect.stringMatching(/\w/) })
      expect(scene.events.some(({ effect }) => effect === 'deny')).toBe(false)
    })
  })

  it('leaves a list whole and records what would be hidden', async () => {
    await stage.play({ fixture: legacyServer(), options }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      const list = legacyPost(message('tools/list'))
      const answer = await rawRequest(scene.url, { certificate, ...list })
      const names = ['search', 'docs.read', 'docs.purge', 'deploy']
      expect(answer.json).toMatchObject({ result: { tools: names.map((name) => ({ name })) } })
      expect(wouldDeny(scene)).toEqual(['docs.purge', 'deploy'])
    })
  })

  it('records what is allowed as ever', async () => {
    await stage.play({ fixture: legacyServer(), options }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      await rawRequest(scene.url, { certificate, ...legacyPost(toolCall('search')) })
      expect(scene.events).toMatchObject([{ effect: 'allow', operation: { name: 'search' } }])
    })
  })
}

function describeStranger(stage: Stage): void {
  it('serves a principal without a role, and ties its session to it', async () => {
    const fixture = createV1Stateful('SSE')
    await stage.play({ fixture, options }, async (scene) => {
      const { stranger, reader } = stage.certificates.clients
      const session = await openRawSession(scene.url, stranger)
      const stream = await openSessionStream(scene.url, stranger, session)
      expect(stream.status).toBe(200)
      const post = legacyPost(toolCall('search'), session)
      expect((await rawRequest(scene.url, { certificate: reader, ...post })).status).toBe(404)
      const answer = await rawRequest(scene.url, { certificate: stranger, ...post })
      expect(answer.body).toContain('agents/stranger')
      expect(fixture.calls).toEqual(['search'])
      expect(wouldDeny(scene)).toEqual(expect.arrayContaining(['initialize', 'GET', 'search']))
      stream.close()
    })
  })
}

interface Enforced extends Omit<RawRequest, 'certificate'> {
  readonly what: string
  readonly status: number
  readonly code: number
  readonly who?: 'reader' | 'nameless'
}

const search = legacyPost(toolCall('search'))

const enforced: readonly Enforced[] = [
  {
    what: 'a certificate without an identity',
    who: 'nameless',
    ...search,
    status: 403,
    code: -31401,
  },
  { what: 'malformed JSON', ...search, body: '{"jsonrpc":', status: 400, code: -32700 },
  { what: 'a batch', ...legacyPost([toolCall('search')]), status: 400, code: -32600 },
  {
    what: 'another content type',
    ...legacyPost(toolCall('search'), { 'content-type': 'text/plain' }),
    status: 415,
    code: -32600,
  },
  {
    what: 'a header that disagrees with the body',
    ...legacyPost(toolCall('search'), { 'mcp-name': 'deploy' }),
    status: 400,
    code: -32020,
  },
  {
    what: 'an unknown method',
    ...legacyPost(message('skills/list')),
    status: 200,
    code: -32601,
  },
  {
    what: 'an unknown notification',
    ...legacyPost({ jsonrpc: '2.0', method: 'notifications/unheard-of' }),
    status: 403,
    code: -31403,
  },
  {
    what: 'an unknown session',
    ...legacyPost(toolCall('search'), { 'mcp-session-id': 'unheard-of' }),
    status: 404,
    code: -32001,
  },
  {
    what: 'a page of another origin',
    ...legacyPost(toolCall('search'), { origin: 'https://evil.test' }),
    status: 403,
    code: -32600,
  },
  { what: 'another verb', method: 'PUT', ...search, status: 405, code: -32600 },
  {
    what: 'an upgrade',
    method: 'GET',
    headers: { accept: postHeaders['accept'], connection: 'upgrade', upgrade: 'websocket' },
    status: 426,
    code: -32600,
  },
]

function describeEnforced(stage: Stage): void {
  describe('still refuses', () => {
    let scene: Scene
    beforeAll(async () => {
      scene = await stage.open({ fixture: legacyServer(), options })
    })
    afterAll(() => scene.stop())

    it.each(enforced)('$what', async ({ what: _, who = 'reader', status, code, ...request }) => {
      const certificate = stage.certificates.clients[who]
      const answer = await rawRequest(scene.url, { certificate, ...request })
      expect(answer).toMatchObject({ status, json: { error: { code } } })
      expect(scene.reached()).toBe(0)
      expect(wouldDeny(scene)).toEqual([])
    })
  })
}
