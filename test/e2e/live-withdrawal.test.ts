import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { type ClientCertificate, legacyPost, rawRequest, toolCall, until } from '@mcp-mtls/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attempt, toBytes } from './attempt.js'
import { liveServers, openScene, openStreams } from './live-scene.js'
import { createLiveWorld } from './live-world.js'

const call = legacyPost(toolCall('search'))
// It takes less than a second, of which most is waiting for files to settle; less than the poll that would
// find them anyway.
const bound = 4_000

/** A connection that never sends a request, nor anything else after its handshake. */
async function openSilent(
  url: string,
  certificate: ClientCertificate,
  http2: boolean,
): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname,
    servername: 'localhost',
    port: Number(port),
    ALPNProtocols: [http2 ? 'h2' : 'http/1.1'],
    ...certificate,
  })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket.resume()
}

describe.each(liveServers)('%s', (_, server) => {
  it.each([
    ['CRL', 'revoked'],
    ['deny list', 'revoked'],
    ['CA bundle', 'chain-unavailable'],
  ] as const)(
    'A18 A22 a certificate withdrawn by %s loses its streams, its idle connection and its session',
    async (cause, reason) => {
      const world = await createLiveWorld()
      const scene = await openScene(world, server)
      scene.stall()
      const certificate = world.victim
      const idle = scene.connect(certificate)
      const busy = scene.connect(certificate)
      const bystander = scene.connect(world.other)
      const silent = await openSilent(scene.url, certificate, server.http2)
      const first = await attempt(scene.url, { ...certificate, bytes: toBytes(call) })
      expect((await idle.send(call)).status).toBe(200)
      expect((await bystander.send(call)).status).toBe(200)
      const streams = await openStreams(busy, world.uri)
      const others = await openStreams(bystander, world.uri)

      const began = Date.now()
      await world.withdraw[cause]()
      for (const [name, { text, ended }] of Object.entries(streams)) {
        expect((await ended) - began, name).toBeLessThan(bound)
        expect(text().includes('-32603'), name).toBe(name !== 'get')
      }
      expect(streams.post.text()).toMatch(/"id":7,"error":\{"code":-32603/)
      expect(streams.listen.text()).toMatch(/"id":8,"error":\{"code":-32603/)
      await until(() => busy.isClosed() && idle.isClosed() && silent.closed)
      expect(scene.events).toContainEqual(
        expect.objectContaining({ type: 'authentication', effect: 'deny', reason }),
      )

      await expect(busy.send(call)).rejects.toThrow()
      await expect(rawRequest(scene.url, { certificate, ...call })).rejects.toThrow()
      const { session } = first
      if (session === undefined) throw new Error('the server issued no TLS session ticket')
      const resumed = await attempt(scene.url, { ...certificate, session, bytes: toBytes(call) })
      expect(resumed.answer).toBe('')
      expect((await bystander.send(call)).status).toBe(200)
      expect(bystander.isClosed()).toBe(false)
      for (const { text } of Object.values(others)) expect(text()).not.toContain('-32603')
    },
  )

  it('D36 a permission the policy withdraws takes what rests on it, and nobody else’s', async () => {
    const world = await createLiveWorld()
    const scene = await openScene(world, server)
    scene.stall()
    const busy = scene.connect(world.victim)
    const bystander = scene.connect(world.other)
    const streams = await openStreams(busy, world.uri)
    const others = await openStreams(bystander, world.uri)

    const began = Date.now()
    await world.withdraw.policy()
    for (const [name, { text, ended }] of Object.entries(streams)) {
      expect((await ended) - began, name).toBeLessThan(bound)
      expect(text().includes('-32603'), name).toBe(name !== 'get')
    }
    expect(await busy.send(call)).toMatchObject({
      status: 403,
      body: expect.stringContaining('-31403'),
    })
    expect((await bystander.send(call)).status).toBe(200)
    for (const { text } of Object.values(others)) expect(text()).not.toContain('-32603')
  })
})
