import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { legacyPost, message, toolCall } from '../clients/messages.js'
import { rawExchange } from '../clients/raw-exchange.js'
import { rawRequest } from '../clients/raw-request.js'
import { openRawStream, type RawStream } from '../clients/raw-stream.js'
import { connect } from '../clients.js'
import { principalNames } from '../policy.js'
import { createV1Sse, ssePaths } from '../servers/v1-sse.js'
import { until } from '../until.js'
import { spellings } from './session-spellings.js'
import { unseal } from './session-takeover.js'
import type { Scene, Stage } from './stage.js'

/** HTTP+SSE of revision 2024-11-05: two routes, one registration, the session in the URL. */
export function describeHttpSse(stage: Stage): void {
  describe('HTTP+SSE', () => {
    const fixture = createV1Sse()
    let scene: Scene
    let stream: RawStream
    /** Where the reader was told to post, and the path and id in it. */
    const told = { url: '', path: '', sealed: '' }

    beforeAll(async () => {
      scene = await stage.open({ fixture, paths: ssePaths })
      const certificate = stage.certificates.clients.reader
      const headers = { accept: 'text/event-stream' }
      stream = await openRawStream(scene.url, { certificate, headers })
      await until(() => stream.text().includes('sessionId='))
      const reference = /^data: ?(.+)$/m.exec(stream.text())?.[1] ?? ''
      const url = new URL(reference, scene.url)
      told.url = url.href
      told.path = url.pathname
      told.sealed = url.searchParams.get('sessionId') ?? ''
    })
    afterAll(async () => {
      stream.close()
      await scene.stop()
    })
    beforeEach(() => {
      fixture.calls.length = 0
    })

    const post = (who: 'reader' | 'operator', body: unknown) =>
      rawRequest(told.url, { certificate: stage.certificates.clients[who], ...legacyPost(body) })

    describeClient(stage, { fixture, url: () => scene.url })

    it('D19 filters a list on the stream it is delivered on', async () => {
      expect((await post('reader', message('tools/list', {}, 'list'))).status).toBe(202)
      await until(() => stream.text().includes('"id":"list"'))
      expect(stream.text()).toContain('docs.read')
      expect(stream.text()).not.toMatch(/deploy|docs\.purge/)
    })

    it('serves a renewed certificate of the same identity, which is who the server sees', async () => {
      const certificate = await stage.certificates.renew('reader')
      const call = legacyPost(toolCall('search', {}, 'own'))
      expect((await rawRequest(told.url, { certificate, ...call })).status).toBe(202)
      await until(() => stream.text().includes('"id":"own"'))
      expect(stream.text()).toContain(`search for ${principalNames.reader}`)
      expect(fixture.calls).toEqual(['search'])
    })

    it('refuses a denied message with 403, which its client does not wait upon', async () => {
      const answer = await post('reader', toolCall('deploy', {}, 'denied'))
      expect(answer).toMatchObject({ status: 403, json: { error: { code: -31403 } } })
      const unknown = await post('reader', message('skills/list', {}, 'unknown'))
      expect(unknown).toMatchObject({ status: 403, json: { error: { code: -32601 } } })
    })

    it('D13 refuses a message of another principal', async () => {
      const before = scene.reached()
      const answer = await post('operator', toolCall('search', {}, 'theft'))
      expect(answer).toMatchObject({ status: 404, json: { id: null, error: { code: -32001 } } })
      expect(scene.reached()).toBe(before)
    })

    it.each(spellings)('D13 refuses $what', async ({ target, headers }) => {
      const before = scene.reached()
      const ids = { raw: unseal(told.sealed), sealed: encodeURIComponent(told.sealed) }
      const bytes = toBytes(told.path + target(ids), headers?.(ids) ?? [])
      const certificate = stage.certificates.clients.reader
      const received = await rawExchange(scene.url, { certificate, bytes })
      expect(received).toMatch(/^HTTP\/1\.1 40[04] /)
      expect(scene.reached()).toBe(before)
      expect(fixture.calls).toEqual([])
    })
  })
}

function describeClient(
  stage: Stage,
  { fixture, url }: { readonly fixture: ReturnType<typeof createV1Sse>; url(): string },
): void {
  it('lets the SDK list, call and be denied at once', async () => {
    const certificate = stage.certificates.clients.reader
    const client = await connect(url(), { certificate, line: 'v1-sse' })
    expect(await client.listTools()).toEqual(['search', 'docs.read'])
    const text = `docs.read for ${principalNames.reader}`
    expect(await client.callTool('docs.read')).toEqual({ text, isError: false })
    await expect(client.callTool('deploy')).rejects.toThrow(/403/)
    await client.close()
    expect(fixture.calls).toEqual(['docs.read'])
  })
}

function toBytes(target: string, headers: readonly string[]): string {
  const call = legacyPost(toolCall('search'))
  const head = Object.entries({ ...call.headers, host: 'localhost', connection: 'close' })
  return [
    `POST ${target} HTTP/1.1`,
    ...head.map(([name, value]) => `${name}: ${value}`),
    ...headers,
    `content-length: ${Buffer.byteLength(call.body)}`,
    '',
    call.body,
  ].join('\r\n')
}
