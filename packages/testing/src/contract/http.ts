import { describe, expect, it } from 'vitest'
import { legacyPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { legacyServer, type Stage } from './stage.js'

/** HTTP around the messages: verbs, bounds, browsers, upgrades, failures. */
export function describeHttp(stage: Stage): void {
  describe('HTTP', () => {
    describeVerbs(stage)
    describeBounds(stage)
    describeBrowsers(stage)
    describeFailures(stage)
  })
}

function describeVerbs(stage: Stage): void {
  it.each(['PUT', 'PATCH'])('refuses %s with 405 and says what is allowed', async (method) => {
    await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, {
        certificate,
        method,
        ...legacyPost(toolCall('search')),
      })
      expect(answer.status).toBe(405)
      expect(answer.headers.allow?.split(/, */).toSorted()).toEqual(['DELETE', 'GET', 'POST'])
      expect(reached()).toBe(0)
    })
  })

  it('D33 does not serve an upgrade', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
      const answer = await rawRequest(url, {
        certificate: stage.certificates.clients.reader,
        method: 'GET',
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-version': '13',
        },
      })
      expect(answer.status).toBe(426)
      expect(answer.headers.connection).toBe('close')
      expect(reached()).toBe(0)
    })
  })
}

function describeBounds(stage: Stage): void {
  const limits = { bodyBytes: 4096, depth: 16 }
  const large = legacyPost(toolCall('search', { query: 'x'.repeat(8192) }))

  it.each([
    ['with its length announced', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('D30 refuses a body over the limit, sent %s, with 413', async (_, headers) => {
    const fixture = legacyServer()
    await stage.play({ fixture, limits }, async ({ url, reached }) => {
      const answer = await rawRequest(url, {
        certificate: stage.certificates.clients.reader,
        headers: { ...large.headers, ...headers },
        body: large.body,
      })
      expect(answer).toMatchObject({ status: 413, json: { id: null, error: { code: -32600 } } })
      expect(answer.headers.connection).toBe('close')
      expect(reached()).toBe(0)
    })
  })

  it('D30 refuses a body nested too deep with 400', async () => {
    await stage.play({ fixture: legacyServer(), limits }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const { headers, body } = legacyPost(toolCall('search'))
      const deep = body.replace('{}', `{"query":${'['.repeat(100)}${']'.repeat(100)}}`)
      const answer = await rawRequest(url, { certificate, headers, body: deep })
      expect(answer.status).toBe(400)
      expect(reached()).toBe(0)
    })
  })

  it('D04 refuses an encoded body', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const post = legacyPost(toolCall('search'), { 'content-encoding': 'gzip' })
      expect((await rawRequest(url, { certificate, ...post })).status).toBe(415)
      expect(reached()).toBe(0)
    })
  })
}

function describeBrowsers(stage: Stage): void {
  it.each(['https://evil.test', 'null', 'https://localhost'])(
    'D32 refuses a request from a page of origin %s',
    async (origin) => {
      await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
        const certificate = stage.certificates.clients.reader
        const post = legacyPost(toolCall('search'), { origin })
        expect((await rawRequest(url, { certificate, ...post })).status).toBe(403)
        expect(reached()).toBe(0)
      })
    },
  )

  it('D32 serves a page of its own origin', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const post = legacyPost(toolCall('search'), { origin: new URL(url).origin })
      expect((await rawRequest(url, { certificate, ...post })).status).toBe(200)
      expect(reached()).toBe(1)
    })
  })

  it('D32 answers a CORS preflight itself', async () => {
    await stage.play({ fixture: legacyServer() }, async ({ url, reached }) => {
      const answer = await rawRequest(url, {
        certificate: stage.certificates.clients.reader,
        method: 'OPTIONS',
        headers: {
          origin: new URL(url).origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
      expect(answer.status).toBe(204)
      expect(answer.body).toBe('')
      expect(reached()).toBe(0)
    })
  })
}

function describeFailures(stage: Stage): void {
  it('D29 answers 500 for a handler that throws, without its message, and lives on', async () => {
    const fixture = {
      handle: async () => {
        throw new Error('canary-of-the-handler')
      },
      close: async () => {},
    }
    await stage.play({ fixture }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      for (const times of [1, 2]) {
        const answer = await rawRequest(url, { certificate, ...legacyPost(toolCall('search')) })
        expect(answer.status).toBe(500)
        expect(answer.body).not.toContain('canary')
        expect(reached()).toBe(times)
      }
    })
  })
}
