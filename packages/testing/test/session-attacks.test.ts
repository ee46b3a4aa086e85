import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NodeMcpHandler } from '../src/adapter.js'
import { createTestCertificates, type TestCertificates } from '../src/certificates.js'
import { legacyPost, message, toolCall } from '../src/clients/messages.js'
import { rawRequest } from '../src/clients/raw-request.js'
import { openRawSession } from '../src/clients/raw-session.js'
import { openRawStream } from '../src/clients/raw-stream.js'
import { createV1Sse } from '../src/servers/v1-sse.js'
import { createV1Stateful } from '../src/servers/v1-stateful.js'
import { createV1Stateless } from '../src/servers/v1-stateless.js'
import { createV2Stateful } from '../src/servers/v2-stateful.js'
import { forgeRoots, openSessionStream, replayForThief } from '../src/session-attacks.js'
import { serveUnguarded } from '../src/unguarded.js'
import { until } from '../src/until.js'

let certificates: TestCertificates

beforeAll(async () => {
  certificates = await createTestCertificates()
})
afterAll(() => certificates.remove())

async function attack(
  fixture: { readonly handle: NodeMcpHandler; close(): Promise<void> },
  act: (url: string) => Promise<void>,
): Promise<void> {
  const server = await serveUnguarded(fixture.handle, certificates)
  try {
    await act(server.url)
  } finally {
    await fixture.close()
    await server.close()
  }
}

const actors = () => {
  const { reader: victim, operator: thief } = certificates.clients
  return { victim, thief }
}

const stateful = [
  { kind: 'v1 stateful', create: createV1Stateful },
  { kind: 'v2 transport', create: createV2Stateful },
]

describe.each(stateful)('a session of $kind without a guard', ({ create }) => {
  it('D13 serves whoever knows its id', async () => {
    const fixture = create('SSE')
    await attack(fixture, async (url) => {
      const { victim, thief } = actors()
      const session = await openRawSession(url, victim)
      const post = legacyPost(toolCall('search'), session)
      expect((await rawRequest(url, { certificate: thief, ...post })).status).toBe(200)
      expect(fixture.calls).toEqual(['search'])
    })
  })

  it('D13 gives its stream to whoever comes first, and D18 is ended by anybody', async () => {
    await attack(create('SSE'), async (url) => {
      const { victim, thief } = actors()
      const session = await openRawSession(url, victim)
      const stolen = await openSessionStream(url, thief, session)
      expect(stolen.status).toBe(200)
      expect((await openSessionStream(url, victim, session)).status).toBe(409)
      const request = { certificate: thief, method: 'DELETE', headers: session }
      expect((await rawRequest(url, request)).status).toBe(200)
      const post = legacyPost(toolCall('search'), session)
      expect((await rawRequest(url, { certificate: victim, ...post })).status).toBe(404)
    })
  })

  it('D14 replays answers to another principal', async () => {
    await attack(create('SSE'), async (url) => {
      const { status, text } = await replayForThief(url, actors())
      expect(status).toBe(200)
      expect(text).toContain('docs.read for')
    })
  })

  it('D06 believes answers of another principal', async () => {
    const fixture = create('SSE')
    await attack(fixture, async (url) => {
      const { status, roots } = await forgeRoots(url, { ...actors(), fixture })
      expect(status).toBe(202)
      expect(roots).toEqual(['file:///forged'])
    })
  })
})

describe('HTTP+SSE without a guard', () => {
  it('D13 takes messages of anybody who knows the id, and lists everything', async () => {
    const fixture = createV1Sse()
    await attack(fixture, async (url) => {
      const { victim, thief } = actors()
      const headers = { accept: 'text/event-stream' }
      const stream = await openRawStream(url, { certificate: victim, headers })
      await until(() => stream.text().includes('sessionId='))
      const told = new URL(/^data: ?(.+)$/m.exec(stream.text())?.[1] ?? '', url).href
      const send = (body: unknown) => rawRequest(told, { certificate: thief, ...legacyPost(body) })
      expect((await send(toolCall('deploy'))).status).toBe(202)
      expect((await send(message('tools/list', {}, 'list'))).status).toBe(202)
      await until(() => stream.text().includes('"id":"list"'))
      expect(stream.text()).toContain('docs.purge')
      expect(fixture.calls).toEqual(['deploy'])
      stream.close()
    })
  })
})

describe('messages without a guard', () => {
  it('D01 run in a batch, the harmful one too', async () => {
    const fixture = createV1Stateless('JSON')
    await attack(fixture, async (url) => {
      const { headers, body } = legacyPost([toolCall('search', {}, 1), toolCall('deploy', {}, 2)])
      const certificate = certificates.clients.reader
      expect((await rawRequest(url, { certificate, headers, body })).status).toBe(200)
      expect(fixture.calls).toEqual(['search', 'deploy'])
    })
  })

  it('D33 reach the server although they ask for an upgrade', async () => {
    const fixture = createV1Stateless('JSON')
    await attack(fixture, async (url) => {
      const post = legacyPost(toolCall('search'), { connection: 'upgrade', upgrade: 'x' })
      await rawRequest(url, { certificate: certificates.clients.reader, ...post })
      expect(fixture.calls).toEqual(['search'])
    })
  })

  it('D02 mean the last of two keys', async () => {
    const fixture = createV1Stateless('JSON')
    await attack(fixture, async (url) => {
      const { headers, body } = legacyPost(toolCall('deploy'))
      const twice = body.replace('"name":', '"n\\u0061me":"search","name":')
      const certificate = certificates.clients.reader
      await rawRequest(url, { certificate, headers, body: twice })
      expect(fixture.calls).toEqual(['deploy'])
    })
  })
})
