import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClientCertificate } from '../certificates.js'
import { legacyPost, toolCall } from '../clients/messages.js'
import { type RawResponse, rawRequest } from '../clients/raw-request.js'
import { openRawSession } from '../clients/raw-session.js'
import type { RawStream } from '../clients/raw-stream.js'
import { openSessionStream } from '../session-attacks.js'
import { until } from '../until.js'
import { type Scene, type Stage, stateful } from './stage.js'

const verbs = ['POST', 'GET', 'DELETE'] as const

type Who = 'reader' | 'renewed' | 'operator'

interface Impostor {
  readonly what: string
  readonly who: Who
  /** What it sends for the id the reader was given. */
  readonly toId: (sealed: string) => string
}

/** A sealed id without its seal: the application's own. */
export function unseal(sealed: string): string {
  return sealed.split('.').slice(0, -2).join('.')
}

function change(sealed: string, part: number): string {
  const parts = sealed.split('.')
  const text = parts.at(part) ?? ''
  parts.splice(part, 1, `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`)
  return parts.join('.')
}

const impostors: readonly Impostor[] = [
  { what: 'another principal with a role', who: 'operator', toId: (sealed) => sealed },
  { what: 'its owner with another seal', who: 'reader', toId: (sealed) => change(sealed, -1) },
  { what: 'its owner with another key id', who: 'reader', toId: (sealed) => change(sealed, -2) },
  { what: 'its owner without the seal', who: 'reader', toId: unseal },
  { what: 'another principal without the seal', who: 'operator', toId: unseal },
  { what: 'its owner sealed twice', who: 'reader', toId: (sealed) => `${sealed}.${sealed}` },
  { what: 'nobody, with an empty id', who: 'operator', toId: () => '' },
]

const attempts = verbs.flatMap((verb) => impostors.map((impostor) => ({ verb, ...impostor })))

/** A session serves the principal it was opened for, and is unknown to everybody else. */
export function describeSessionTakeover(stage: Stage): void {
  describe.each(stateful)('a session of $kind', ({ create }) => {
    const fixture = create('SSE')
    let scene: Scene
    let session: Record<string, string>
    let stream: RawStream
    let renewed: ClientCertificate

    beforeAll(async () => {
      const { reader } = stage.certificates.clients
      scene = await stage.open({ fixture })
      session = await openRawSession(scene.url, reader)
      stream = await openSessionStream(scene.url, reader, session)
      renewed = await stage.certificates.renew('reader')
    })
    afterAll(async () => {
      stream.close()
      await scene.stop()
    })
    beforeEach(() => {
      fixture.calls.length = 0
    })

    const send = (verb: string, who: Who, id = session['mcp-session-id'] ?? '') => {
      const headers = { ...session, 'mcp-session-id': id }
      return rawRequest(scene.url, {
        certificate: who === 'renewed' ? renewed : stage.certificates.clients[who],
        method: verb,
        ...(verb === 'POST'
          ? legacyPost(toolCall('search'), headers)
          : { headers: { accept: 'text/event-stream', ...headers } }),
      })
    }

    it.each(attempts)('D13 D18 is unknown to a $verb of $what', async ({ verb, who, toId }) => {
      const before = scene.reached()
      const answer = await send(verb, who, toId(session['mcp-session-id'] ?? ''))
      expect(answer).toMatchObject({ status: 404, json: { id: null, error: { code: -32001 } } })
      expect(toBytes(answer)).toBe(toBytes(await send(verb, 'operator', randomUUID())))
      expect(scene.reached()).toBe(before)
      expect(fixture.calls).toEqual([])
    })

    it('D13 goes on for its owner, whose stream nobody disturbed', async () => {
      await fixture.notifyResourceUpdated('file:///public/readme')
      await until(() => stream.text().includes('file:///public/readme'))
      expect((await send('GET', 'reader')).status).toBe(409)
    })

    it.each(['reader', 'renewed'] as const)('D13 serves its owner as %s', async (who) => {
      const answer = await send('POST', who)
      expect(answer).toMatchObject({ status: 200, json: { result: {} } })
      expect(answer.headers['mcp-session-id']).toBe(session['mcp-session-id'])
      expect(fixture.calls).toEqual(['search'])
    })

    it('D18 is ended by a DELETE of its owner', async () => {
      expect((await send('DELETE', 'renewed')).status).toBe(200)
      await stream.ended
      expect((await send('POST', 'reader')).status).toBe(404)
    })
  })
}

function toBytes({ status, headers: { date: _, ...headers }, body }: RawResponse): string {
  return JSON.stringify({ status, headers, body })
}
