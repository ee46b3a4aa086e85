import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyPost, type Message, message, modernPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { type Refusal, refusedLegacy, refusedModern } from './refused-requests.js'
import { legacyServer, modernServer, type Scene, type Stage } from './stage.js'

/** What cannot be judged is refused, whatever server stands behind; nothing of it is passed on. */
export function describeProtocol(stage: Stage): void {
  describeRefused('a legacy request', { stage, create: legacyServer, refused: refusedLegacy })
  describeRefused('a modern request', { stage, create: modernServer, refused: refusedModern })
  describeUnknown(stage)
}

function describeRefused(
  title: string,
  cases: {
    readonly stage: Stage
    readonly create: typeof legacyServer
    readonly refused: readonly Refusal[]
  },
): void {
  describe(title, () => {
    const fixture = cases.create()
    let scene: Scene
    beforeAll(async () => {
      scene = await cases.stage.open({ fixture })
    })
    afterAll(() => scene.stop())

    it.each(cases.refused)('is refused with $status and $code for $what', async (refusal) => {
      const certificate = cases.stage.certificates.clients.reader
      const { headers, body, status, code } = refusal
      const answer = await rawRequest(scene.url, { certificate, headers, body })
      expect(answer).toMatchObject({ status, json: { jsonrpc: '2.0', error: { code } } })
      expect(scene.reached()).toBe(0)
      expect(fixture.calls).toEqual([])
    })
  })
}

function describeUnknown(stage: Stage): void {
  const unknown: Message = message('skills/list', {}, 3)

  it.each([
    { era: 'legacy', post: legacyPost(unknown), status: 200, create: legacyServer },
    { era: 'modern', post: modernPost(unknown), status: 404, create: modernServer },
  ])('D05 answers an unknown $era method with $status and -32601', async (entry) => {
    await stage.play({ fixture: entry.create() }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, { certificate, ...entry.post })
      expect(answer).toMatchObject({
        status: entry.status,
        json: { id: 3, error: { code: -32601 } },
      })
      expect(reached()).toBe(0)
    })
  })

  it.each([
    ['an unknown notification', { jsonrpc: '2.0', method: 'notifications/unheard-of' }],
    ['a denied call without an id', { ...toolCall('deploy'), id: undefined }],
  ])('D06 refuses %s with 403 and -31403', async (_, notification) => {
    const fixture = legacyServer()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, { certificate, ...legacyPost(notification) })
      expect(answer).toMatchObject({ status: 403, json: { id: null, error: { code: -31403 } } })
      expect(reached()).toBe(0)
    })
  })

  it('passes a known notification on', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const known = { jsonrpc: '2.0', method: 'notifications/initialized' }
      const answer = await rawRequest(url, { certificate, ...legacyPost(known) })
      expect(answer.status).toBe(202)
      expect(reached()).toBe(1)
    })
  })
}
