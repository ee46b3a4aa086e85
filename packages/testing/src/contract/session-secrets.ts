import { describe, expect, it } from 'vitest'
import { legacyPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { openRawSession } from '../clients/raw-session.js'
import { createV1Stateful } from '../servers/v1-stateful.js'
import { forgeRoots, replayForThief } from '../session-attacks.js'
import { type Scene, type Stage, stateful } from './stage.js'

const older = 'the-secret-of-last-year-0123456789'
const newer = 'the-secret-of-this-year-0123456789'

/** Which guards share sessions, and what else travels in a session. */
export function describeSessionSecrets(stage: Stage): void {
  describe('sessions', () => {
    describeReplicas(stage)
    describeAnswers(stage)
  })
}

const replicas = [
  { what: 'the same secret', first: older, second: older, status: 200 },
  { what: 'another secret', first: older, second: newer, status: 404 },
  { what: 'a new secret beside the old', first: older, second: [newer, older], status: 200 },
  { what: 'the old secret alone', first: [newer, older], second: older, status: 404 },
  { what: 'the new secret alone', first: [newer, older], second: newer, status: 200 },
  { what: 'secrets of their own', first: undefined, second: undefined, status: 404 },
] as const

function describeReplicas(stage: Stage): void {
  it.each(replicas)(
    'D13 opened at one replica answer $status at another with $what',
    async ({ first, second, status }) => {
      const fixture = createV1Stateful('JSON')
      const withSecret = (sessionSecret: typeof first | typeof second) =>
        sessionSecret === undefined ? {} : { options: { sessionSecret } }
      await stage.play({ fixture, ...withSecret(first) }, async ({ url }) => {
        const { reader, operator } = stage.certificates.clients
        const session = await openRawSession(url, reader)
        const replica = { handle: fixture.handle, close: async () => {} }
        await stage.play({ fixture: replica, ...withSecret(second) }, async (other: Scene) => {
          const post = legacyPost(toolCall('search'), session)
          const answer = await rawRequest(other.url, { certificate: reader, ...post })
          expect(answer.status).toBe(status)
          const stolen = await rawRequest(other.url, { certificate: operator, ...post })
          expect(stolen.status).toBe(404)
        })
      })
    },
  )

  it('D13 move to the new secret with the next answer', async () => {
    const fixture = createV1Stateful('JSON')
    const options = { sessionSecret: [newer, older] }
    await stage.play({ fixture, options: { sessionSecret: older } }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const session = await openRawSession(url, certificate)
      const replica = { handle: fixture.handle, close: async () => {} }
      await stage.play({ fixture: replica, options }, async (other) => {
        const post = legacyPost(toolCall('search'), session)
        const answer = await rawRequest(other.url, { certificate, ...post })
        const moved = answer.headers['mcp-session-id']
        expect(moved).not.toBe(session['mcp-session-id'])
        const again = legacyPost(toolCall('search'), { ...session, 'mcp-session-id': moved })
        expect((await rawRequest(other.url, { certificate, ...again })).status).toBe(200)
        expect((await rawRequest(url, { certificate, ...again })).status).toBe(404)
      })
    })
  })
}

function describeAnswers(stage: Stage): void {
  const actors = () => {
    const { reader: victim, operator: thief } = stage.certificates.clients
    return { victim, thief }
  }

  it.each(stateful)('D14 of $kind are not replayed to another principal', async ({ create }) => {
    await stage.play({ fixture: create('SSE') }, async ({ url, reached }) => {
      const before = reached()
      const { status, text } = await replayForThief(url, actors())
      expect(status).toBe(404)
      expect(text).not.toContain('docs.read')
      // The handshake, its confirmation and the call; not the replay.
      expect(reached() - before).toBe(3)
    })
  })

  it.each(stateful)('D06 of $kind take answers from their owner alone', async ({ create }) => {
    const fixture = create('SSE')
    await stage.play({ fixture }, async ({ url }) => {
      const { status, roots } = await forgeRoots(url, { ...actors(), fixture })
      expect(status).toBe(404)
      expect(roots).toEqual(['file:///own'])
    })
  })
}
