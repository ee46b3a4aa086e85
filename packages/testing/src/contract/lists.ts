import { describe, expect, it } from 'vitest'
import { collideIds, replayList } from '../attacks.js'
import { legacyPost, message, modernPost, postHeaders } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { openRawSession } from '../clients/raw-session.js'
import { openRawStream } from '../clients/raw-stream.js'
import { createV2Handler } from '../servers/v2-handler.js'
import { createMcpFixture } from '../servers.js'
import { until } from '../until.js'
import { type Stage, stateful } from './stage.js'

const collisions = stateful.flatMap((entry) =>
  (['JSON', 'SSE'] as const).map((mode) => ({ ...entry, mode })),
)

/** Lists are filtered wherever an answer can carry them. */
export function describeLists(stage: Stage): void {
  describe('lists', () => {
    describeAttacks(stage)
    describeGetStream(stage)
    describeListen(stage)
    describeFraming(stage)
  })
}

function describeAttacks(stage: Stage): void {
  it.each(collisions)(
    'D19 are filtered where $kind in $mode mode writes them to the answer of a call',
    async ({ create, mode }) => {
      const fixture = create(mode)
      await stage.play({ fixture }, async ({ url }) => {
        const certificate = stage.certificates.clients.reader
        const received = await collideIds(url, { certificate, gate: fixture.gate })
        expect(received).toContain('docs.read')
        expect(received).not.toMatch(/deploy|docs\.purge/)
      })
    },
  )

  it.each(stateful)('D14 are filtered when $kind replays them on a GET', async ({ create }) => {
    await stage.play({ fixture: create('SSE') }, async ({ url }) => {
      const received = await replayList(url, stage.certificates.clients.reader)
      expect(received).toContain('docs.read')
      expect(received).not.toMatch(/deploy|docs\.purge/)
    })
  })
}

function describeGetStream(stage: Stage): void {
  it.each(stateful)(
    'D25 a GET stream of $kind carries news of readable resources alone',
    async ({ create }) => {
      const fixture = create('SSE')
      await stage.play({ fixture }, async ({ url }) => {
        const certificate = stage.certificates.clients.reader
        const session = await openRawSession(url, certificate)
        const headers = { accept: postHeaders['accept'], ...session }
        const stream = await openRawStream(url, { certificate, headers })
        expect(stream.status).toBe(200)
        await fixture.notifyResourceUpdated('file:///private/keys')
        await fixture.notifyResourceUpdated('file:///public/readme')
        await until(() => stream.text().includes('file:///public/readme'))
        expect(stream.text()).not.toContain('private')
        stream.close()
      })
    },
  )
}

function describeListen(stage: Stage): void {
  it('D17 a listen stream is narrowed to readable resources', async () => {
    const fixture = createV2Handler('SSE')
    await stage.play({ fixture }, async ({ url }) => {
      const resourceSubscriptions = ['file:///private/keys', 'file:///public/readme']
      const stream = await openRawStream(url, {
        certificate: stage.certificates.clients.reader,
        method: 'POST',
        ...modernPost(
          message('subscriptions/listen', { notifications: { resourceSubscriptions } }),
        ),
      })
      await until(() => stream.text().includes('acknowledged'))
      for (const uri of resourceSubscriptions) await fixture.notifyResourceUpdated(uri)
      await until(() => stream.text().includes('resources/updated'))
      expect(stream.text()).toContain('file:///public/readme')
      expect(stream.text()).not.toContain('private/keys')
      stream.close()
    })
  })
}

function describeFraming(stage: Stage): void {
  it.each([
    { mode: 'JSON', type: 'application/json' },
    { mode: 'SSE', type: 'text/event-stream' },
  ] as const)('D19 keep a true length and their type in $mode mode', async ({ mode, type }) => {
    await stage.play({ fixture: createMcpFixture('v1 stateless', mode) }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, { certificate, ...legacyPost(message('tools/list')) })
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toContain(type)
      const announced = answer.headers['content-length']
      if (announced !== undefined) expect(Number(announced)).toBe(Buffer.byteLength(answer.body))
      expect(answer.json).toMatchObject({
        result: { tools: [{ name: 'search' }, { name: 'docs.read' }] },
      })
    })
  })

  it.each(['tools/list', 'prompts/list', 'resources/list', 'server/discover'])(
    'D21 say that a modern %s is private to the caller',
    async (method) => {
      await stage.play({ fixture: createMcpFixture('v2 handler', 'JSON') }, async ({ url }) => {
        const certificate = stage.certificates.clients.reader
        const answer = await rawRequest(url, { certificate, ...modernPost(message(method)) })
        expect(answer.json).toMatchObject({ result: { cacheScope: 'private' } })
      })
    },
  )
}
