import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { legacyPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { principalNames } from '../policy.js'
import { legacyServer, type Scene, type Stage } from './stage.js'

/** Every decision leaves one event; nothing secret or harmful gets into it. */
export function describeAudit(stage: Stage): void {
  describe('audit', () => {
    describeEvents(stage)
    describeContent(stage)
  })
}

function decisionsOn(scene: Scene, name: string): Scene['events'] {
  return scene.events.filter((event) => event.operation?.name === name)
}

function describeEvents(stage: Stage): void {
  const thumbprint = () =>
    Buffer.from(
      new X509Certificate(stage.certificates.clients.reader.cert).fingerprint256.replaceAll(
        ':',
        '',
      ),
      'hex',
    ).toString('base64url')

  it.each([
    { tool: 'docs.read', effect: 'allow', detail: { rule: 'roles.reader.tools[1]' } },
    { tool: 'deploy', effect: 'deny', detail: { hint: expect.stringMatching(/\w/) } },
    { tool: 'docs.purge', effect: 'deny', detail: { rule: 'roles.reader.deny.tools[0]' } },
  ])('records one $effect of $tool with who, by which certificate and why', async (entry) => {
    await stage.play({ fixture: legacyServer() }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      await rawRequest(scene.url, { certificate, ...legacyPost(toolCall(entry.tool)) })
      const events = decisionsOn(scene, entry.tool)
      expect(events).toHaveLength(1)
      expect(events[0]).toMatchObject({
        type: 'decision',
        effect: entry.effect,
        principal: principalNames.reader,
        thumbprint: thumbprint(),
        operation: { kind: 'tool', name: entry.tool },
        ...entry.detail,
      })
    })
  })

  it('records a principal without a role', async () => {
    await stage.play({ fixture: legacyServer() }, async (scene) => {
      const certificate = stage.certificates.clients.stranger
      await rawRequest(scene.url, { certificate, ...legacyPost(toolCall('search')) })
      const denied = scene.events.filter((event) => event.effect === 'deny')
      expect(denied).toHaveLength(1)
      expect(denied[0]?.principal).toContain('stranger')
      expect(denied[0]?.hint).toMatch(/\w/)
    })
  })

  it('records a request that cannot be judged as a protocol event', async () => {
    await stage.play({ fixture: legacyServer() }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      await rawRequest(scene.url, { certificate, ...legacyPost([]) })
      const refused = scene.events.filter((event) => event.type === 'protocol')
      expect(refused).toHaveLength(1)
      expect(refused[0]).toMatchObject({ effect: 'deny', principal: principalNames.reader })
    })
  })
}

function describeContent(stage: Stage): void {
  it('D40 keeps arguments and bodies out of every event', async () => {
    await stage.play({ fixture: legacyServer() }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      const canary = 'canary-7f3a91'
      const send = (post: ReturnType<typeof legacyPost>) =>
        rawRequest(scene.url, { certificate, ...post })
      for (const tool of ['search', 'deploy']) {
        await send(legacyPost(toolCall(tool, { query: canary })))
      }
      await send({ ...legacyPost({}), body: `{"method":"${canary}` })
      await send({ ...legacyPost({}), body: `[{"method":"${canary}"}]` })
      await send(legacyPost(toolCall('search', { query: canary }), { authorization: canary }))
      expect(scene.events.length).toBeGreaterThanOrEqual(4)
      expect(JSON.stringify(scene.events)).not.toContain(canary)
    })
  })

  it.each([
    ['a line feed', 'evil\nlevel=info'],
    ['terminal sequences', 'evil\u001b[31mred'],
    ['direction overrides', 'evil\u202etxt.exe'],
    ['10 KB', 'evil'.padEnd(10_240, 'x')],
  ])('D40 escapes and cuts a tool name with %s', async (_, name) => {
    await stage.play({ fixture: legacyServer() }, async (scene) => {
      const certificate = stage.certificates.clients.reader
      await rawRequest(scene.url, { certificate, ...legacyPost(toolCall(name)) })
      const written = scene.events.map((event) => event.operation?.name ?? '')
      expect(written.some((text) => text.startsWith('evil'))).toBe(true)
      for (const text of scene.events.flatMap(stringsOf)) {
        expect(text).not.toMatch(/\p{C}/u)
        expect(text.length).toBeLessThan(1200)
      }
      expect(Math.max(...written.map((text) => text.length))).toBeLessThan(200)
    })
  })
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsOf)
}
