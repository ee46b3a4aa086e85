import { Agent } from 'node:https'
import { describe, expect, it } from 'vitest'
import { legacyPost, message, toolCall } from '../clients/messages.js'
import { rawHttp2Request } from '../clients/raw-http2-request.js'
import { rawRequest } from '../clients/raw-request.js'
import { readTlsSession } from '../clients/read-tls-session.js'
import { principalNames } from '../policy.js'
import { until } from '../until.js'
import { legacyServer, type Stage } from './stage.js'

/** Who is calling, by certificate, on every kind of connection; and who never gets to call. */
export function describeIdentity(stage: Stage, offers: { readonly http2: boolean }): void {
  describe('identity', () => {
    describeRefusals(stage)
    describeConnections(stage, offers)
    describeConcurrency(stage)
  })
}

function describeRefusals(stage: Stage): void {
  it.each([
    ['of another CA', 'foreign', /authority|issuer|CA|signature/],
    ['that has expired', 'expired', /expired/],
    ['missing', 'none', /certificate/],
  ] as const)(
    'A01 refuses a client certificate %s in the handshake, and says why in an event with a hint',
    async (_, name, reason) => {
      const fixture = legacyServer()
      await stage.play({ fixture }, async ({ url, events, reached }) => {
        const certificate = stage.certificates.clients[name]
        const post = legacyPost(toolCall('search'))
        await expect(rawRequest(url, { certificate, ...post })).rejects.toThrow()
        await until(() => events.some((event) => event.type === 'handshake'))
        const event = events.find(({ type }) => type === 'handshake')
        expect(event).toMatchObject({ effect: 'deny', hint: expect.stringMatching(/\w/) })
        expect(`${event?.reason} ${event?.hint}`).toMatch(reason)
        expect(reached()).toBe(0)
      })
    },
  )

  it('D28 refuses a principal without a role before its body is read', async () => {
    const fixture = legacyServer()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const { headers, body } = legacyPost(toolCall('search'))
      const answer = await rawRequest(url, {
        certificate: stage.certificates.clients.stranger,
        headers: { ...headers, 'content-length': 1_000_000 },
        body,
        complete: false,
      })
      expect(answer.status).toBe(403)
      expect(answer.headers.connection).toBe('close')
      expect(answer.json).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -31403 } })
      expect(reached()).toBe(0)
    })
  })

  it.each(['GET', 'DELETE'])('D18 refuses a principal without a role a %s', async (method) => {
    const fixture = legacyServer()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.stranger
      const headers = { accept: 'text/event-stream' }
      expect((await rawRequest(url, { certificate, method, headers })).status).toBe(403)
      expect(reached()).toBe(0)
    })
  })
}

const whoAmI = { result: { content: [{ text: `search for ${principalNames.reader}` }] } }

function describeConnections(stage: Stage, offers: { readonly http2: boolean }): void {
  it('gives the same identity to every request of a kept-alive connection', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ...certificate })
      for (const reused of [false, true, true]) {
        const answer = await rawRequest(url, {
          certificate,
          agent,
          ...legacyPost(toolCall('search')),
        })
        expect(answer.json).toMatchObject(whoAmI)
        expect(answer.reused.connection).toBe(reused)
      }
      agent.destroy()
    })
  })

  it.each(['reader', 'stranger'] as const)(
    'A16 decides for a %s on a resumed TLS session as it did before',
    async (name) => {
      await stage.play({ fixture: legacyServer() }, async ({ url }) => {
        const certificate = stage.certificates.clients[name]
        const session = await readTlsSession(url, certificate)
        const answer = await rawRequest(url, {
          certificate,
          session,
          ...legacyPost(toolCall('search')),
        })
        expect(answer.reused.session).toBe(true)
        const expected = name === 'reader' ? whoAmI : { error: { code: -31403 } }
        expect(answer.json).toMatchObject(expected)
      })
    },
  )

  it.skipIf(!offers.http2)('gives the same identity and decisions over HTTP/2', async () => {
    const fixture = legacyServer()
    await stage.play({ fixture, http2: true }, async ({ url }) => {
      const { reader, stranger } = stage.certificates.clients
      const send = (certificate: typeof reader, body: unknown) =>
        rawHttp2Request(url, { certificate, ...legacyPost(body) })
      expect((await send(reader, toolCall('search'))).json).toMatchObject(whoAmI)
      const denied = await send(reader, toolCall('deploy'))
      expect(denied).toMatchObject({ status: 200, json: { error: { code: -31403 } } })
      const list = await send(reader, message('tools/list'))
      expect(list.body).toContain('docs.read')
      expect(list.body).not.toContain('deploy')
      expect((await send(stranger, toolCall('search'))).status).toBe(403)
      expect(fixture.calls).toEqual(['search'])
    })
  })
}

const simultaneous = [
  { who: 'reader', tool: 'search', allowed: true },
  { who: 'operator', tool: 'search', allowed: true },
  { who: 'reader', tool: 'deploy', allowed: false },
  { who: 'operator', tool: 'deploy', allowed: true },
] as const

function describeConcurrency(stage: Stage): void {
  it('keeps many simultaneous callers apart', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url }) => {
      const requests = Array.from({ length: 10 }, () => simultaneous).flat()
      const answers = await Promise.all(
        requests.map(({ who, tool }, id) => {
          const certificate = stage.certificates.clients[who]
          return rawRequest(url, { certificate, ...legacyPost(toolCall(tool, {}, id)) })
        }),
      )
      const expected = requests.map(({ who, tool, allowed }, id) => {
        const text = `${tool} for ${principalNames[who]}`
        return allowed ? { id, result: { content: [{ text }] } } : { id, error: { code: -31403 } }
      })
      expect(answers.map(({ json }) => json)).toMatchObject(expected)
    })
  })
}
