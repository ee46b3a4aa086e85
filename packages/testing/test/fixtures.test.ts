import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningAdapter } from '../src/adapter.js'
import { collideIds, replayList } from '../src/attacks.js'
import { createTestCertificates, type TestCertificates } from '../src/certificates.js'
import { legacyPost, message, modernPost, postHeaders, toolCall } from '../src/clients/messages.js'
import { rawRequest } from '../src/clients/raw-request.js'
import { openRawSession } from '../src/clients/raw-session.js'
import { openRawStream } from '../src/clients/raw-stream.js'
import { connect } from '../src/clients.js'
import { catalogue } from '../src/servers/catalogue.js'
import { createV1Stateful } from '../src/servers/v1-stateful.js'
import { createV2Handler } from '../src/servers/v2-handler.js'
import { createV2Stateful } from '../src/servers/v2-stateful.js'
import { combinations, createMcpFixture } from '../src/servers.js'
import { serveUnguarded } from '../src/unguarded.js'
import { until } from '../src/until.js'

let certificates: TestCertificates

beforeAll(async () => {
  certificates = await createTestCertificates()
})
afterAll(() => certificates.remove())

describe.each(combinations)('$kind in $mode mode, unguarded', ({ kind, mode, lines }) => {
  const fixture = createMcpFixture(kind, mode)
  let server: RunningAdapter

  beforeAll(async () => {
    server = await serveUnguarded(fixture.handle, certificates)
  })
  afterAll(async () => {
    await fixture.close()
    await server.close()
  })

  it.each(lines)('offers everything to a %s client and says who is calling', async (line) => {
    const client = await connect(server.url, { certificate: certificates.clients.reader, line })
    expect(await client.listTools()).toEqual(catalogue.tools)
    expect(await client.listPrompts()).toEqual(catalogue.prompts)
    expect(await client.listResources()).toEqual(catalogue.resources)
    expect(await client.listResourceTemplates()).toEqual(catalogue.templates)
    const caller = 'URI:spiffe://acme.test/agents/reader'
    expect(await client.callTool('deploy')).toEqual({
      text: `deploy for ${caller}`,
      isError: false,
    })
    expect(await client.getPrompt('secret-brief')).toBe(`secret-brief for ${caller}`)
    const uri = 'file:///private/keys'
    expect(await client.readResource(uri)).toBe(`${uri} for ${caller}`)
    const expanded = 'file:///private/notes'
    expect(await client.readResource(expanded)).toBe(`${expanded} for ${caller}`)
    expect(fixture.calls.splice(0)).toEqual(['deploy', 'secret-brief', uri, expanded])
    await client.close()
  })
})

const stateful = [
  { kind: 'v1', create: createV1Stateful },
  { kind: 'v2', create: createV2Stateful },
].flatMap((entry) => (['JSON', 'SSE'] as const).map((mode) => ({ ...entry, mode })))

describe('without a guard the attacks of the contract succeed', () => {
  it.each(stateful)('$kind $mode delivers a list in the answer to a call', async (entry) => {
    const fixture = entry.create(entry.mode)
    const server = await serveUnguarded(fixture.handle, certificates)
    const { reader } = certificates.clients
    const leaked = await collideIds(server.url, { certificate: reader, gate: fixture.gate })
    expect(leaked).toContain('deploy')
    await fixture.close()
    await server.close()
  })

  it('replays a list on a GET', async () => {
    const fixture = createV1Stateful('SSE')
    const server = await serveUnguarded(fixture.handle, certificates)
    expect(await replayList(server.url, certificates.clients.reader)).toContain('deploy')
    await fixture.close()
    await server.close()
  })

  it('sends a notification about any resource on a GET stream', async () => {
    const fixture = createV1Stateful('SSE')
    const server = await serveUnguarded(fixture.handle, certificates)
    const certificate = certificates.clients.reader
    const session = await openRawSession(server.url, certificate)
    const stream = await openRawStream(server.url, {
      certificate,
      headers: { accept: postHeaders['accept'], ...session },
    })
    await fixture.notifyResourceUpdated('file:///private/keys')
    await until(() => stream.text().includes('file:///private/keys'))
    await fixture.close()
    await server.close()
    await stream.ended
  })
})

describe('subscriptions/listen without a guard', () => {
  it('brings news of any resource', async () => {
    const fixture = createV2Handler('SSE')
    const server = await serveUnguarded(fixture.handle, certificates)
    const notifications = { resourceSubscriptions: ['file:///private/keys'] }
    const stream = await openRawStream(server.url, {
      certificate: certificates.clients.reader,
      method: 'POST',
      ...modernPost(message('subscriptions/listen', { notifications })),
    })
    await until(() => stream.text().includes('acknowledged'))
    expect(stream.text()).toContain('file:///private/keys')
    await fixture.notifyResourceUpdated('file:///private/keys')
    await until(() => stream.text().includes('resources/updated'))
    await fixture.close()
    await server.close()
    await stream.ended
  })
})

describe('the raw client', () => {
  it.each(['foreign', 'expired', 'none'] as const)('cannot connect as %s', async (name) => {
    const fixture = createMcpFixture('v1 stateless', 'JSON')
    const server = await serveUnguarded(fixture.handle, certificates)
    const certificate = certificates.clients[name]
    await expect(
      rawRequest(server.url, { certificate, ...legacyPost(toolCall('search')) }),
    ).rejects.toThrow()
    expect(fixture.calls).toEqual([])
    await server.close()
  })
})
