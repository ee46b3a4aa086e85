import { describe, expect, it } from 'vitest'
import { legacyPost, message, modernPost, toolCall } from '../clients/messages.js'
import { rawExchange } from '../clients/raw-exchange.js'
import { rawRequest } from '../clients/raw-request.js'
import { principalNames } from '../policy.js'
import { legacyServer, modernServer, type Stage } from './stage.js'

const eras = [
  { era: 'legacy', create: legacyServer, post: legacyPost },
  { era: 'modern', create: modernServer, post: modernPost },
] as const

/** How a denial looks on the wire, and what comes after it. */
export function describeDecisions(stage: Stage): void {
  describe('decisions', () => {
    describeDenials(stage)
    describeAfterDenial(stage)
  })
}

function describeDenials(stage: Stage): void {
  it.each(eras)('answers a denied $era call with 200, code -31403 and its id', async (entry) => {
    const fixture = entry.create()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await rawRequest(url, {
        certificate,
        ...entry.post(toolCall('deploy', {}, 'seven')),
      })
      expect(answer.status).toBe(200)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.json).toMatchObject({ jsonrpc: '2.0', id: 'seven', error: { code: -31403 } })
      expect(answer.body).not.toContain('deploy')
      expect(reached()).toBe(0)
      expect(fixture.calls).toEqual([])
    })
  })

  it.each(eras)('D24 answers unknown and denied $era names with the same bytes', async (entry) => {
    await stage.play({ fixture: entry.create() }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const requests = [
        toolCall('docs.purge', {}, 9),
        toolCall('deploy', {}, 9),
        toolCall('never-existed', {}, 9),
        toolCall('__proto__', {}, 9),
        message('prompts/get', { name: 'secret-brief' }, 9),
        message('prompts/get', { name: 'never-existed' }, 9),
        message('resources/read', { uri: 'file:///private/keys' }, 9),
        message('resources/read', { uri: 'file:///never/existed' }, 9),
      ]
      const answers = await Promise.all(
        requests.map((request) => rawRequest(url, { certificate, ...entry.post(request) })),
      )
      const seen = answers.map(({ status, headers, body }) => {
        const { date: _, ...rest } = headers
        return JSON.stringify({ status, headers: rest, body })
      })
      expect(new Set(seen).size).toBe(1)
    })
  })

  it('D09 compares names byte for byte', async () => {
    const fixture = legacyServer()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const twins = [
        'SEARCH',
        'search ',
        ' search',
        'search\u0000',
        'ſearch',
        'ｓearch',
        'search\u200d',
      ]
      for (const name of twins) {
        const answer = await rawRequest(url, { certificate, ...legacyPost(toolCall(name)) })
        expect(answer.json).toMatchObject({ error: { code: -31403 } })
      }
      const escaped = legacyPost(toolCall('search'))
      const body = escaped.body.replace('search', 's\\u0065arch')
      const answer = await rawRequest(url, { certificate, ...escaped, body })
      expect(answer.json).toMatchObject({ result: {} })
      expect(reached()).toBe(1)
    })
  })
}

function describeAfterDenial(stage: Stage): void {
  it('D16 decides anew on a call that continues another, whatever state it brings', async () => {
    const fixture = modernServer()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const { params } = toolCall('deploy')
      const state = { requestState: 'of-an-allowed-call', inputResponses: { confirmed: {} } }
      const retry = modernPost(message('tools/call', { ...params, ...state }))
      const answer = await rawRequest(url, { certificate, ...retry })
      expect(answer.json).toMatchObject({ error: { code: -31403 } })
      expect(reached()).toBe(0)
      expect(fixture.calls).toEqual([])
    })
  })

  it('D29 answers pipelined requests after a denial, in order, on the same connection', async () => {
    const fixture = legacyServer()
    await stage.play({ fixture }, async ({ url, reached }) => {
      const { host, pathname } = new URL(url)
      const write = (tool: string, id: number, connection: string) => {
        const { headers, body } = legacyPost(toolCall(tool, {}, id))
        const head = Object.entries({ ...headers, host, connection })
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('')
        const length = `content-length: ${Buffer.byteLength(body)}\r\n`
        return `POST ${pathname} HTTP/1.1\r\n${head}${length}\r\n${body}`
      }
      const received = await rawExchange(url, {
        certificate: stage.certificates.clients.reader,
        bytes:
          write('deploy', 1, 'keep-alive') +
          write('search', 2, 'keep-alive') +
          write('docs.purge', 3, 'keep-alive') +
          write('docs.read', 4, 'close'),
      })
      const ids = [...received.matchAll(/"id":(\d)/g)].map(([, id]) => Number(id))
      expect(ids).toEqual([1, 2, 3, 4])
      expect(received).toContain(`search for ${principalNames.reader}`)
      expect(received).toContain(`docs.read for ${principalNames.reader}`)
      expect(received.match(/-31403/g)).toHaveLength(2)
      expect(fixture.calls).toEqual(['search', 'docs.read'])
      expect(reached()).toBe(2)
    })
  })
}
