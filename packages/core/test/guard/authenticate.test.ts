import { once } from 'node:events'
import { request } from 'node:https'
import { describe, expect, it } from 'vitest'
import { openScene, send, spiffeId } from './stage.js'

const origin = 'https://app.example'

describe('what is answered before the policy is asked', () => {
  it.each(['PUT', 'PATCH', 'HEAD', 'OPTIONS'])('%s is no verb of MCP: 405', async (method) => {
    const scene = await openScene()
    const { status, headers } = await send(scene, { method, body: '' })
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'GET, POST, DELETE' })
    expect(scene.reached).toEqual([])
    expect(scene.events).toMatchObject([
      { type: 'protocol', effect: 'deny', method, reason: 'HTTP method not served' },
    ])
  })

  it('an upgrade is refused, and the connection closed', async () => {
    const scene = await openScene()
    const headers = { connection: 'upgrade', upgrade: 'h2c' }
    expect(await send(scene, { headers })).toMatchObject({
      status: 426,
      headers: { connection: 'close' },
    })
    expect(scene.reached).toEqual([])
    expect(scene.events).toMatchObject([{ type: 'protocol', reason: 'upgrade not served' }])
  })

  it('D32 a preflight says what the options say, without an event', async () => {
    const scene = await openScene({ origins: [origin] })
    const ask = (from: string) =>
      send(scene, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'POST' },
        body: '',
      })
    expect(await ask(origin)).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': origin },
    })
    const { status, headers } = await ask('https://evil.example')
    expect(status).toBe(204)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    expect(scene).toMatchObject({ events: [], reached: [] })
  })

  it('a caller without a role is refused, whatever it asks for', async () => {
    const scene = await openScene()
    const certificate = { uri: ['spiffe://acme.test/agents/stranger'] }
    for (const method of ['POST', 'GET', 'PUT']) {
      expect(await send(scene, { certificate, method, body: '' })).toMatchObject({ status: 403 })
    }
    expect(scene.events.map(({ reason }) => reason)).toEqual(['no-role', 'no-role', 'no-role'])
  })
})

describe('a request the application announced as its own', () => {
  it('is refused as one without a certificate, without an event', async () => {
    const scene = await openScene({
      server: (listener, { tls }) =>
        tls.createServer((req, res) => {
          if (req.url === '/probe') scene.guard.expectProbe(req)
          listener?.(req, res)
          answered.push(scene.guard.answered(res))
        }),
    })
    const answered: boolean[] = []
    const issued = await scene.files.ca.issue({ usage: 'client', uri: [spiffeId] })
    const credentials = { cert: issued.chain, key: issued.key, ca: scene.files.ca.certificate }
    const outgoing = request(`https://localhost:${scene.port}/probe`, {
      ...credentials,
      method: 'POST',
      agent: false,
    }).end()
    const [response] = await once(outgoing, 'response')
    response.resume()
    expect(response.statusCode).toBe(403)
    expect(answered).toEqual([true])
    expect(scene).toMatchObject({ events: [], reached: [] })
  })
})
