import { writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ClientCertificate,
  createTestCertificates,
  createV1Stateful,
  legacyPost,
  message,
  openRawSession,
  openRawStream,
  rawRequest,
  spiffeIds,
  startTokenIssuer,
  type TestCertificates,
  type TokenIssuer,
  toolCall,
  until,
} from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startExpress, startFastify, startNode } from './adapters.js'
import { openResource, type ResourceSetup } from './open-resource.js'

const resource = 'https://mcp.acme.test/mcp'
let certificates: TestCertificates
let certificate: ClientCertificate
let issuer: TokenIssuer

beforeAll(async () => {
  certificates = await createTestCertificates()
  certificate = certificates.clients.reader
  issuer = await startTokenIssuer({ certificates, outbound: certificates.clients.operator })
})
afterAll(async () => {
  await issuer.close()
  await certificates.remove()
})

/** `alice` searches and `bob` deploys, both through the reader's certificate. */
function policyText(bobs = 'deploy'): string {
  return `version: 1
roles:
  searcher: { tools: [search] }
  deployer: { tools: ['${bobs}'] }
assignments:
  - { spiffe: '${spiffeIds.reader}', token: { subject: alice }, roles: [searcher] }
  - { spiffe: '${spiffeIds.reader}', token: { subject: bob }, roles: [deployer] }
`
}

async function open(setup: Partial<ResourceSetup> = {}) {
  const policy = join(certificates.directory, `${crypto.randomUUID()}.yaml`)
  await writeFile(policy, policyText())
  const opened = await openResource({
    files: certificates.files,
    options: { policy },
    // The tokens name a resource of their own, so the server's URL does not matter.
    oauth: () => ({
      resource,
      issuers: [{ issuer: issuer.url, fetch: issuer.fetch }],
    }),
    ...setup,
  })
  return { ...opened, policy }
}

const authorize = async (sub: string) => ({
  authorization: `Bearer ${await issuer.issue({ sub })}`,
})
const lists: Readonly<Record<string, readonly string[]>> = { alice: ['search'], bob: ['deploy'] }

function toolsOf(json: unknown): unknown {
  return (json as { result?: { tools?: { name: string }[] } })?.result?.tools?.map(
    ({ name }) => name,
  )
}

describe('two users on one connection', () => {
  it.each([
    ['plain Node', startNode],
    ['Fastify', startFastify],
    ['Express', startExpress],
  ] as const)(
    'A18 each see and call their own tools when it is kept alive: %s',
    async (_, start) => {
      const { url, calls } = await open({ start })
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
      onTestFinished(() => agent.destroy())
      const headers = { alice: await authorize('alice'), bob: await authorize('bob') }
      const send = (who: 'alice' | 'bob', body: unknown) =>
        rawRequest(url, { certificate, agent, ...legacyPost(body, headers[who]) })
      await send('alice', message('tools/list'))
      for (const who of ['alice', 'bob', 'alice', 'bob', 'bob', 'alice'] as const) {
        const listed = await send(who, message('tools/list'))
        expect(listed.reused.connection).toBe(true)
        expect(toolsOf(listed.json)).toEqual(lists[who])
        const called = await send(who, toolCall('search'))
        expect(called.json).toMatchObject(
          who === 'alice' ? { result: {} } : { error: { code: -31403 } },
        )
      }
      expect(calls).toEqual(['search', 'search', 'search'])
      const nobody = await rawRequest(url, {
        certificate,
        agent,
        ...legacyPost(toolCall('search')),
      })
      expect(nobody).toMatchObject({ status: 401, json: { error: { code: -31401 } } })
    },
  )

  it('each see their own tools when they ask at once over HTTP/2', async () => {
    const { url } = await open({ http2: true })
    const session = connectHttp2(new URL(url).origin, certificate)
    onTestFinished(() => session.destroy())
    const headers = { alice: await authorize('alice'), bob: await authorize('bob') }
    const list = async (who: 'alice' | 'bob') => {
      const post = legacyPost(message('tools/list'), headers[who])
      const stream = session.request({ ...post.headers, ':method': 'POST', ':path': '/mcp' })
      stream.end(post.body)
      return toolsOf(JSON.parse(await text(stream)))
    }
    const turns = Array.from({ length: 20 }, (__, turn) => (turn % 2 === 0 ? 'alice' : 'bob'))
    const seen = await Promise.all(turns.map(list))
    expect(seen).toEqual(turns.map((who) => lists[who]))
  })
})

describe('a connection that stays open', () => {
  it('gets the roles of a reloaded policy with the next request', async () => {
    const { url, policy, events } = await open()
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
    onTestFinished(() => agent.destroy())
    const headers = await authorize('bob')
    const list = async () =>
      toolsOf(
        (
          await rawRequest(url, {
            certificate,
            agent,
            ...legacyPost(message('tools/list'), headers),
          })
        ).json,
      )
    expect(await list()).toEqual(['deploy'])
    await writeFile(policy, policyText('docs.*'))
    await until(() => events.some(({ type, effect }) => type === 'policy' && effect === 'reload'))
    expect(await list()).toEqual(['docs.read', 'docs.purge'])
  })

  it('C15 takes a token until it expires, cached or not', async () => {
    const { url } = await open()
    const exp = Math.floor(Date.now() / 1000) + 3
    const authorization = `Bearer ${await issuer.issue({ claims: { exp } })}`
    const send = async () =>
      (await rawRequest(url, { certificate, ...legacyPost(toolCall('search'), { authorization }) }))
        .status
    expect(await send()).toBe(200)
    await sleep(exp * 1000 - Date.now() + 50)
    expect(await send()).toBe(401)
  })

  it('ends its stream when the token expires, and not before', async () => {
    const fixture = createV1Stateful('SSE')
    onTestFinished(() => fixture.close())
    const { url } = await open({ handle: fixture.handle })
    const exp = Math.floor(Date.now() / 1000) + 3
    const short = await issuer.issue({ claims: { exp } })
    const session = await openRawSession(url, certificate, { authorization: `Bearer ${short}` })
    const headers = { accept: 'text/event-stream', ...session }
    const stream = await openRawStream(url, { certificate, headers })
    expect(stream.status).toBe(200)
    await stream.ended
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000 - 50)
    expect(Date.now()).toBeLessThan(exp * 1000 + 5000)
    const longer = { ...session, authorization: `Bearer ${await issuer.issue()}` }
    const again = await openRawStream(url, { certificate, headers: { ...headers, ...longer } })
    expect(again.status).toBe(200)
    again.close()
  })

  it('keeps a session to the user it was opened for', async () => {
    const fixture = createV1Stateful('JSON')
    onTestFinished(() => fixture.close())
    const { url } = await open({ handle: fixture.handle })
    const session = await openRawSession(url, certificate, await authorize('alice'))
    const send = async (who: string) =>
      rawRequest(url, {
        certificate,
        ...legacyPost(message('tools/list'), { ...session, ...(await authorize(who)) }),
      })
    expect(toolsOf((await send('alice')).json)).toEqual(['search'])
    expect(await send('bob')).toMatchObject({ status: 404, json: { error: { code: -32001 } } })
  })
})

describe('the authorization server', () => {
  it('C08 rotates its keys: a token of one that stays published is still good', async () => {
    const { url } = await open()
    const send = async () =>
      (
        await rawRequest(url, {
          certificate,
          ...legacyPost(toolCall('search'), await authorize('alice')),
        })
      ).status
    expect(await send()).toBe(200)
    const old = await authorize('alice')
    await issuer.rotateKeys()
    expect(
      (await rawRequest(url, { certificate, ...legacyPost(toolCall('search'), old) })).status,
    ).toBe(200)
  })

  it('C08 is not asked by a peer that shows no certificate of the CA', async () => {
    const { url } = await open()
    const before = issuer.requests()
    const foreign = certificates.clients.foreign
    const post = legacyPost(toolCall('search'), await authorize('alice'))
    await expect(rawRequest(url, { certificate: foreign, ...post })).rejects.toThrow()
    expect(issuer.requests()).toBe(before)
  })

  it('C08 that is down gives 503 and a time to come back, and nothing runs', async () => {
    const { url, calls } = await open()
    issuer.misbehave('down')
    onTestFinished(() => issuer.misbehave(undefined))
    const post = legacyPost(toolCall('search'), await authorize('alice'))
    const answer = await rawRequest(url, { certificate, ...post })
    expect(answer).toMatchObject({ status: 503, json: { error: { code: -32603 } } })
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    expect(calls).toEqual([])
  })
})
