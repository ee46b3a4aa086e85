import { setTimeout as sleep } from 'node:timers/promises'
import { legacyPost, toolCall, until } from '@mcp-mtls/testing'
import { describe, expect, it } from 'vitest'
import type { LiveClient } from './live-client.js'
import { liveServers, type OpenStreams, openScene, openStreams } from './live-scene.js'
import { createLiveWorld } from './live-world.js'

const call = legacyPost(toolCall('search'))

/** What came of one request, and between which times. */
interface Turn {
  readonly began: number
  readonly answered: number
  /** 0: no answer. */
  readonly status: number
}

/** One request after the other on one connection until a time. */
async function pump(client: LiveClient, end: number): Promise<readonly Turn[]> {
  const turns: Turn[] = []
  while (Date.now() < end) {
    const began = Date.now()
    const status = await client.send(call).then(
      (answer) => answer.status,
      () => 0,
    )
    turns.push({ began, answered: Date.now(), status })
    await sleep(25)
  }
  return turns
}

function expectTurns(turns: readonly Turn[], notAfter: number): void {
  const before = turns.filter(({ answered }) => answered <= notAfter)
  const after = turns.filter(({ began }) => began > notAfter)
  expect(before.length).toBeGreaterThan(10)
  expect(after.length).toBeGreaterThan(10)
  for (const { status } of before) expect(status).toBe(200)
  for (const { status } of after) expect([0, 403]).toContain(status)
}

async function expectEnds(streams: OpenStreams, notAfter: number): Promise<void> {
  for (const [name, { status, text, ended }] of Object.entries(streams)) {
    expect(status, name).toBe(200)
    const time = await ended
    expect(time, name).toBeGreaterThan(notAfter - 100)
    expect(time, name).toBeLessThan(notAfter + 2_000)
    expect(text().includes('-32603'), name).toBe(name !== 'get')
  }
  expect(streams.post.text()).toMatch(/"id":7,"error":\{"code":-32603/)
  expect(streams.listen.text()).toMatch(/"id":8,"error":\{"code":-32603/)
}

describe.each(liveServers)('a certificate that lives four seconds: %s', (_, server) => {
  it('A22 is allowed while it lives; then its requests, streams and connections end', async () => {
    const world = await createLiveWorld()
    const scene = await openScene(world, server)
    scene.stall()
    const notAfter = Math.ceil(Date.now() / 1000) * 1000 + 4_000
    const certificate = await world.issueVictim(new Date(notAfter))
    const busy = scene.connect(certificate)
    const idle = scene.connect(certificate)
    const bystander = scene.connect(world.other)
    await sleep(notAfter - 3_000 - Date.now())
    expect((await idle.send(call)).status).toBe(200)
    expect((await bystander.send(call)).status).toBe(200)
    const streams = await openStreams(busy, world.uri)
    const others = await openStreams(bystander, world.uri)
    const turns = await pump(busy, notAfter + 1_500)

    expectTurns(turns, notAfter)
    await expectEnds(streams, notAfter)
    await until(() => busy.isClosed() && idle.isClosed())
    expect(scene.events).toContainEqual(
      expect.objectContaining({ type: 'authentication', effect: 'deny', reason: 'expired' }),
    )

    expect((await bystander.send(call)).status).toBe(200)
    expect(bystander.isClosed()).toBe(false)
    for (const { text } of Object.values(others)) expect(text()).not.toContain('-32603')
  })
})
