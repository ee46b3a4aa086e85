import type { OutgoingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { legacyPost, message, modernPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { legacyServer, modernServer, type Scene, type Stage } from './stage.js'

const limits = { batch: 4 }

/** Arrays of messages, where the application admits them. */
export function describeBatches(stage: Stage): void {
  describe('a legacy batch', () => {
    const fixture = legacyServer()
    let scene: Scene
    beforeAll(async () => {
      scene = await stage.open({ fixture, limits })
    })
    afterAll(() => scene.stop())
    beforeEach(() => {
      fixture.calls.length = 0
    })

    const send = (body: unknown, headers?: OutgoingHttpHeaders) => {
      const certificate = stage.certificates.clients.reader
      return rawRequest(scene.url, { certificate, ...legacyPost(body, headers) })
    }

    it('D01 runs where everything in it is allowed, and its lists are filtered', async () => {
      const answer = await send([toolCall('search', {}, 1), message('tools/list', {}, 2)])
      expect(answer.status).toBe(200)
      expect(answer.body).toContain('search for')
      expect(answer.body).toContain('docs.read')
      expect(answer.body).not.toMatch(/deploy|docs\.purge/)
      expect(fixture.calls).toEqual(['search'])
    })

    it.each(refusedInPart)('D01 runs nothing of $what', async ({ batch, errors }) => {
      const before = scene.reached()
      const answer = await send(batch)
      expect(answer.status).toBe(200)
      expect(answer.json).toMatchObject(errors.map(([id, code]) => ({ id, error: { code } })))
      expect(answer.json).toHaveLength(errors.length)
      expect(scene.reached()).toBe(before)
      expect(fixture.calls).toEqual([])
    })

    it.each(refusedWhole)('D01 refuses $what', async ({ batch, headers }) => {
      const before = scene.reached()
      const answer = await send(batch, headers)
      expect(answer).toMatchObject({ status: 400, json: { id: null, error: { code: -32600 } } })
      expect(scene.reached()).toBe(before)
    })

    it('D06 of denied notifications alone is refused with 403', async () => {
      const before = scene.reached()
      const answer = await send([initialized, { ...toolCall('deploy'), id: undefined }])
      expect(answer).toMatchObject({ status: 403, json: { id: null, error: { code: -31403 } } })
      expect(scene.reached()).toBe(before)
    })

    it('of known notifications alone is passed on', async () => {
      expect((await send([initialized, initialized])).status).toBe(202)
    })
  })

  describeModern(stage)
}

const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }

const refusedInPart: readonly {
  readonly what: string
  readonly batch: readonly unknown[]
  readonly errors: readonly (readonly [number | string, number])[]
}[] = [
  {
    what: 'a batch with one denied call',
    batch: [toolCall('search', {}, 1), toolCall('deploy', {}, 2), toolCall('docs.read', {}, 3)],
    errors: [
      [1, -32600],
      [2, -31403],
      [3, -32600],
    ],
  },
  {
    what: 'a batch of one denied call',
    batch: [toolCall('deploy', {}, 'a')],
    errors: [['a', -31403]],
  },
  {
    what: 'a batch with an unknown method',
    batch: [toolCall('search', {}, 1), message('skills/list', {}, 2)],
    errors: [
      [1, -32600],
      [2, -32601],
    ],
  },
  {
    what: 'a batch with a denied call sent as a notification',
    batch: [toolCall('search', {}, 1), { ...toolCall('deploy'), id: undefined }],
    errors: [[1, -32600]],
  },
]

const refusedWhole: readonly {
  readonly what: string
  readonly batch: readonly unknown[]
  readonly headers?: OutgoingHttpHeaders
}[] = [
  { what: 'two requests with one id', batch: [toolCall('search'), toolCall('docs.read')] },
  {
    what: 'ids that differ in their type alone',
    batch: [toolCall('search', {}, 1), toolCall('docs.read', {}, '1')],
  },
  {
    what: 'a batch over the limit',
    batch: [1, 2, 3, 4, 5].map((id) => toolCall('search', {}, id)),
  },
  { what: 'an empty batch', batch: [] },
  { what: 'a batch in a batch', batch: [[toolCall('search')]] },
  { what: 'a handshake in a batch', batch: [message('initialize'), toolCall('search', {}, 2)] },
  { what: 'something that is no message in a batch', batch: [toolCall('search'), 7] },
  {
    what: 'a batch under a modern version',
    batch: [toolCall('search')],
    headers: { 'mcp-protocol-version': '2026-07-28' },
  },
]

function describeModern(stage: Stage): void {
  it.each([
    ['with its headers', {}],
    ['without a version in the headers', { 'mcp-protocol-version': '2025-03-26' }],
  ])('D01 refuses a batch of modern messages %s', async (_, version) => {
    await stage.play({ fixture: modernServer(), limits }, async ({ url, reached }) => {
      const { headers, body } = modernPost(toolCall('search'), version)
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, { certificate, headers, body: `[${body}]` })
      expect(answer).toMatchObject({ status: 400, json: { error: { code: -32600 } } })
      expect(reached()).toBe(0)
    })
  })
}
