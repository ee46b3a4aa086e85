import { expect, it } from 'vitest'
import { definePolicy } from '../../src/policy/define.js'
import { begin, openSession, serveHttp2, statusOf } from './over-http2.js'
import { callTool, openScene, spiffeId } from './stage.js'

const resource = 'https://mcp.acme.test/mcp'
const forAlice = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  assignments: [{ spiffe: spiffeId, token: { subject: 'alice' }, roles: ['reader'] }],
})
const call = JSON.stringify(callTool('search'))

it('C11 a user without a role, or with too much to say, does not end the connection a gateway shares between users', async () => {
  const scene = await openScene({
    policy: forAlice,
    oauth: {
      resource,
      authorizationServers: ['https://as.acme.test'],
      verifier: {
        verifyAccessToken: async (sub) => ({
          clientId: 'gateway',
          scopes: [],
          expiresAt: Date.now() / 1000 + 60,
          resource: new URL(resource),
          extra: { sub },
        }),
      },
    },
    server: serveHttp2,
  })
  const session = await openSession(scene)
  const alice = begin(session, 'alice')
  alice.write(call.slice(0, 10))
  for (const [token, body, status] of [
    ['mallory', call, 403],
    ['alice', JSON.stringify('x'.repeat(1_048_577)), 413],
  ] as const) {
    const stream = begin(session, token).on('error', () => undefined)
    stream.end(body)
    expect(await statusOf(stream)).toBe(status)
  }
  alice.end(call.slice(10))
  expect(await statusOf(alice)).toBe(200)
  const later = begin(session, 'alice')
  later.end(call)
  expect(await statusOf(later)).toBe(200)
}, 20_000)
