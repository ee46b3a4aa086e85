import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { postHeaders } from '../clients/messages.js'
import { openRawSession } from '../clients/raw-session.js'
import { openRawStream } from '../clients/raw-stream.js'
import { createV1Stateful } from '../servers/v1-stateful.js'
import type { Stage } from './stage.js'

/** Closing ends what the guard holds open, so that the process can end by itself. */
export function describeClosing(stage: Stage): void {
  describe('closing', () => {
    it('ends open streams and leaves nothing that keeps the process alive', async () => {
      const before = process.getActiveResourcesInfo()
      const scene = await stage.open({ fixture: createV1Stateful('SSE') })
      const certificate = stage.certificates.clients.reader
      const session = await openRawSession(scene.url, certificate)
      const headers = { accept: postHeaders['accept'], ...session }
      const stream = await openRawStream(scene.url, { certificate, headers })
      await scene.stop()
      await stream.ended
      expect(await leftOver(before)).toEqual([])
    })

    it('survives a handler that goes on writing to a stream the guard has ended', async () => {
      const errors: Error[] = []
      let wrote = 0
      const fixture = {
        async handle(_req: IncomingMessage, res: ServerResponse) {
          res.on('error', (error) => errors.push(error))
          // Between the guard's `end` and the end of the connection.
          res.once('prefinish', () => {
            wrote += 1
            res.write(': more\n\n')
            res.end()
          })
          res.writeHead(200, { 'content-type': 'text/event-stream' })
          res.write(': open\n\n')
        },
        close: async () => {},
      }
      const scene = await stage.open({ fixture })
      const stream = await openRawStream(scene.url, {
        certificate: stage.certificates.clients.reader,
        headers: { accept: postHeaders['accept'] },
      })
      await scene.stop()
      await stream.ended
      expect(wrote).toBe(1)
      expect(errors).toEqual([])
    })
  })
}

/** Resources that are there now and were not before; waits up to five seconds for none. */
async function leftOver(before: readonly string[]): Promise<readonly string[]> {
  for (let tries = 0; tries < 100; tries += 1) {
    const more = added(before)
    if (more.length === 0) return more
    await sleep(50)
  }
  return added(before)
}

function added(before: readonly string[]): readonly string[] {
  const known = [...before]
  return process.getActiveResourcesInfo().filter((resource) => {
    const at = known.indexOf(resource)
    if (at >= 0) known.splice(at, 1)
    return at < 0
  })
}
