import { describe, expect, it } from 'vitest'
import { legacyPost, message, modernPost, toolCall } from '../clients/messages.js'
import { rawRequest } from '../clients/raw-request.js'
import { legacyServer, modernServer, type Stage } from './stage.js'

/** Options that change how a refusal looks, or what is refused. */
export function describeOptions(stage: Stage): void {
  describe('options', () => {
    describeDenyStatus(stage)
    describeUniqueKeys(stage)
  })
}

function describeDenyStatus(stage: Stage): void {
  const options = { denyStatus: 403 } as const

  it.each([
    { era: 'legacy', create: legacyServer, post: legacyPost },
    { era: 'modern', create: modernServer, post: modernPost },
  ])('denyStatus gives a denied $era call its status, and keeps code and id', async (entry) => {
    await stage.play({ fixture: entry.create(), options }, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const denied = entry.post(toolCall('deploy', {}, 'seven'))
      const answer = await rawRequest(url, { certificate, ...denied })
      expect(answer).toMatchObject({ status: 403, json: { id: 'seven', error: { code: -31403 } } })
      expect(reached()).toBe(0)
      const allowed = entry.post(toolCall('search'))
      expect((await rawRequest(url, { certificate, ...allowed })).status).toBe(200)
    })
  })

  it('denyStatus is for denials alone: an unknown method stays what it is', async () => {
    await stage.play({ fixture: legacyServer(), options }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const unknown = legacyPost(message('skills/list'))
      const answer = await rawRequest(url, { certificate, ...unknown })
      expect(answer).toMatchObject({ status: 200, json: { error: { code: -32601 } } })
    })
  })

  it('denyStatus is the status of a batch with a denial', async () => {
    const setup = { fixture: legacyServer(), options, limits: { batch: 2 } }
    await stage.play(setup, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const batch = legacyPost([toolCall('deploy', {}, 1), toolCall('search', {}, 2)])
      const answer = await rawRequest(url, { certificate, ...batch })
      expect(answer.status).toBe(403)
      expect(answer.json).toMatchObject([{ error: { code: -31403 } }, { error: { code: -32600 } }])
    })
  })
}

const call = legacyPost(toolCall('docs.read', { query: 'pears' }))

const doubled = [
  { what: 'a tool', from: '"name":', to: '"name":"search","name":' },
  { what: 'a tool, once escaped', from: '"name":', to: '"n\\u0061me":"search","name":' },
  { what: 'a method', from: '"method":', to: '"method":"tools/list","method":' },
  { what: 'an argument', from: '"query":', to: '"query":"apples","query":' },
  { what: 'an id', from: '"id":', to: '"id":7,"id":' },
] as const

function describeUniqueKeys(stage: Stage): void {
  it.each(doubled)('D02 uniqueKeys refuses $what given twice', async ({ from, to }) => {
    const setup = { fixture: legacyServer(), limits: { uniqueKeys: true } }
    await stage.play(setup, async ({ url, reached }) => {
      const certificate = stage.certificates.clients.reader
      const { headers } = call
      const body = call.body.replace(from, to)
      const answer = await rawRequest(url, { certificate, headers, body })
      expect(answer).toMatchObject({ status: 400, json: { error: { code: -32600 } } })
      expect(reached()).toBe(0)
      expect((await rawRequest(url, { certificate, ...call })).status).toBe(200)
    })
  })

  it('D02 without uniqueKeys, what is decided on is what runs', async () => {
    const fixture = legacyServer()
    await stage.play({ fixture }, async ({ url }) => {
      const certificate = stage.certificates.clients.reader
      const send = (first: string, last: string) => {
        const twice = `"name":"${first}","n\\u0061me":"${last}"`
        const body = call.body.replace('"name":"docs.read"', twice)
        return rawRequest(url, { certificate, headers: call.headers, body })
      }
      expect((await send('search', 'deploy')).json).toMatchObject({ error: { code: -31403 } })
      expect((await send('deploy', 'search')).json).toMatchObject({ result: {} })
      expect(fixture.calls).toEqual(['search'])
    })
  })
}
