import type { AuthorizeQuestion, GuardOptions } from '@mcp-mtls/core'
import { describe, expect, it } from 'vitest'
import { legacyPost, message, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { openRawSession } from '../clients/raw-session.js'
import { principalNames } from '../policy.js'
import { createV1Stateful } from '../servers/v1-stateful.js'
import { openSessionStream } from '../session-attacks.js'
import { legacyServer, type Stage } from './stage.js'

type Authorize = NonNullable<GuardOptions['authorize']>

const answers: readonly { readonly what: string; readonly answer: () => unknown }[] = [
  { what: 'answers false', answer: () => false },
  { what: 'answers nothing', answer: () => undefined },
  { what: 'answers the text false', answer: () => 'false' },
  { what: 'answers the text true', answer: () => 'true' },
  { what: 'answers 1', answer: () => 1 },
  { what: 'answers an object', answer: () => ({}) },
  { what: 'resolves to an object', answer: async () => ({ allow: true }) },
  { what: 'answers a function', answer: (): unknown => () => true },
  {
    what: 'throws',
    answer: () => {
      throw new Error('canary-of-the-hook')
    },
  },
  { what: 'rejects', answer: () => Promise.reject(new Error('canary-of-the-hook')) },
  { what: 'never answers', answer: () => new Promise(() => {}) },
]

/** The application's own word on what the policy allows. */
export function describeSecondOpinion(stage: Stage): void {
  describe('the second opinion', () => {
    it.each(answers)('D39 denies where the hook $what', async ({ answer }) => {
      const options = { authorize: answer as Authorize }
      await stage.play({ fixture: legacyServer(), options }, async ({ url, reached, events }) => {
        const certificate = stage.certificates.clients.reader
        const post = legacyPost(toolCall('search', {}, 5))
        const denial = await rawRequest(url, { certificate, ...post })
        expect(denial).toMatchObject({ status: 200, json: { id: 5, error: { code: -31403 } } })
        expect(denial.body).not.toContain('canary')
        expect(reached()).toBe(0)
        expect(events).toMatchObject([{ effect: 'deny', reason: 'second-opinion' }])
      })
    })

    it.each<[string, Authorize]>([
      ['at once', () => true],
      ['later', async () => true],
    ])('allows where the hook answers true %s', async (_, authorize) => {
      const fixture = legacyServer()
      await stage.play({ fixture, options: { authorize } }, async ({ url }) => {
        const certificate = stage.certificates.clients.reader
        await rawRequest(url, { certificate, ...legacyPost(toolCall('search')) })
        expect(fixture.calls).toEqual(['search'])
      })
    })

    describeQuestions(stage)
  })
}

function describeQuestions(stage: Stage): void {
  it('D39 is asked with principal and arguments, and only about what the policy allows', async () => {
    const questions: AuthorizeQuestion[] = []
    const authorize: Authorize = (question) => questions.push(question) > 0
    await stage.play({ fixture: legacyServer(), options: { authorize } }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const requests = [
        toolCall('deploy', { query: 'denied' }),
        toolCall('never-existed'),
        message('skills/list'),
        toolCall('search', { query: 'pears' }),
        message('prompts/get', { name: 'greet', arguments: { tone: 'warm' } }),
        message('resources/read', { uri: 'file:///public/readme' }),
      ]
      for (const request of requests) await rawRequest(url, { certificate, ...legacyPost(request) })
      expect(questions.map(({ operation }) => operation)).toEqual([
        { kind: 'tool', name: 'search', args: { query: 'pears' } },
        { kind: 'prompt', name: 'greet', args: { tone: 'warm' } },
        { kind: 'resource', uri: 'file:///public/readme' },
      ])
      const names = questions.map(({ principal }) => principal.name)
      expect(new Set(names)).toEqual(new Set([principalNames.reader]))
    })
  })

  it('is not asked about handshake, lists, streams and notifications', async () => {
    const asked: string[] = []
    const authorize: Authorize = ({ operation }) => {
      asked.push(operation.kind)
      return false
    }
    const fixture = createV1Stateful('SSE')
    await stage.play({ fixture, options: { authorize } }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const session = await openRawSession(url, certificate)
      const stream = await openSessionStream(url, certificate, session)
      const list = legacyPost(message('tools/list'), session)
      expect((await rawRequest(url, { certificate, ...list })).body).toContain('docs.read')
      stream.close()
      const ended = await rawRequest(url, { certificate, method: 'DELETE', headers: session })
      expect([stream.status, ended.status]).toEqual([200, 200])
      expect(asked).toEqual([])
    })
  })
}
