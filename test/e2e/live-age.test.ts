import { connect as connectHttp2 } from 'node:http2'
import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { legacyPost, rawRequest, toolCall, until } from '@mcp-mtls/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startNode } from './adapters.js'
import { liveServers, openScene, openStreams } from './live-scene.js'
import { createLiveWorld } from './live-world.js'

const call = legacyPost(toolCall('search'))
const maxConnectionAge = 1

describe.each(liveServers)('maxConnectionAge: %s', (_, server) => {
  it('A22 ends a GET stream when its connection is of age; what was asked before is answered', async () => {
    const world = await createLiveWorld()
    const scene = await openScene(world, server, { maxConnectionAge })
    const release = scene.stall()
    const client = scene.connect(world.victim)
    const began = Date.now()
    const { get, post } = await openStreams(client, world.uri)
    expect(await get.ended).toBeGreaterThan(began)
    release()
    await post.ended
    expect(post.text()).toContain('search for')
    // Over HTTP/1.1 the stream had a connection of its own.
    if (server.http2) await until(() => client.isClosed())
  })
})

describe('maxConnectionAge', () => {
  it.each(liveServers.filter(([, { http2 }]) => !http2))(
    'A22 says Connection: close with the next answer, and loses no request: %s',
    async (_, server) => {
      const world = await createLiveWorld()
      const { url } = await openScene(world, server, { maxConnectionAge })
      const certificate = world.victim
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
      onTestFinished(() => agent.destroy())
      const send = () => rawRequest(url, { certificate, agent, ...call })
      const first = await send()
      expect(first.headers.connection).not.toBe('close')
      const seen: string[] = []
      const closings = () => seen.flatMap((one, index) => (one.endsWith('true') ? [index] : []))
      while (closings().length < 2 || seen.at(-1)?.endsWith('true')) {
        const { status, headers, reused } = await send()
        expect(status).toBe(200)
        seen.push(`${reused.connection ? 'kept' : 'new'} ${headers.connection === 'close'}`)
        await sleep(20)
      }
      // Two ages passed: each time one answer on the old connection said so, and a new one came after it.
      const closes = closings()
      for (const index of closes) expect(seen[index + 1]).toBe('new false')
      expect(seen.filter((one) => one.startsWith('new')).length).toBeLessThanOrEqual(closes.length)
    },
  )

  it('A22 sends GOAWAY over HTTP/2; streams that are open are answered, new ones go elsewhere', async () => {
    const world = await createLiveWorld()
    const scene = await openScene(world, { start: startNode, http2: true }, { maxConnectionAge })
    const session = connectHttp2(new URL(scene.url).origin, world.victim)
    onTestFinished(() => session.destroy())
    let away: number | undefined
    session.on('goaway', (code) => {
      away = code
    })
    const post = () => {
      const stream = session.request({ ...call.headers, ':method': 'POST', ':path': '/mcp' })
      stream.end(call.body)
      return new Promise<number>((resolve, reject) => {
        stream.on('error', reject)
        stream.once('response', (headers) => resolve(Number(headers[':status'])))
        stream.resume()
      })
    }
    while (!session.closed) {
      // RFC 9113 section 6.8: what was sent above the last stream the server names was not looked at.
      const outcome = await post().catch((error: NodeJS.ErrnoException) => error.message)
      if (outcome !== 200) expect(outcome).toMatch(/REFUSED_STREAM|GOAWAY/)
      await sleep(10)
    }
    expect(away).toBe(0)
    await until(() => session.destroyed)
  })

  it('serves one request after the other on an HTTP/2 connection', async () => {
    const world = await createLiveWorld()
    const scene = await openScene(world, { start: startNode, http2: true })
    const client = scene.connect(world.victim)
    for (const _ of [1, 2, 3, 4]) {
      expect((await client.send(call)).status).toBe(200)
      await sleep(20)
    }
    expect(client.isClosed()).toBe(false)
  })
})
