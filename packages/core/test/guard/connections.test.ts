import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { expect, it, onTestFinished } from 'vitest'
import { createConnections } from '../../src/guard/connections.js'
import { createPrincipals } from '../../src/guard/principals.js'
import { definePolicy } from '../../src/policy/define.js'
import type { Principal } from '../../src/policy/principal.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createCertificateFiles } from '../tls/certificate-files.js'
import { spiffeId } from './stage.js'

/** A policy that gives the reader these roles. */
function assign(...roles: readonly ('reader' | 'admin')[]) {
  return definePolicy({
    version: 1,
    roles: { reader: {}, admin: {} },
    assignments: [{ spiffe: spiffeId, roles }],
  })
}

it('D36 a connection that stays open has the roles that the policy of each request gives', async () => {
  const files = await createCertificateFiles()
  const tls = await tlsFromFiles(files.options)
  const connections = createConnections(tls)
  const principalOf = createPrincipals(['spiffe'])
  const [first, second] = [assign('reader'), assign('admin', 'reader')]
  const none = definePolicy({ version: 1 })
  const policies = [first, first, second, second, none, first]
  const sockets = new Set<unknown>()
  const principals: Principal[] = []
  const server = tls.createServer((req, res) => {
    sockets.add(req.socket)
    const policy = policies[principals.length]
    const certificate = connections.certificate(req)
    if (policy !== undefined) principals.push(principalOf({ certificate }, policy))
    res.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(async () => {
    agent.destroy()
    server.close()
    await tls.close()
  })
  const client = await files.ca.issue({ usage: 'client', uri: [spiffeId] })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  for (const _ of policies) {
    const outgoing = request({
      ...{ host: '127.0.0.1', servername: 'localhost', port, agent },
      ...{ cert: client.chain, key: client.key, ca: files.ca.certificate },
    }).end()
    const [response] = await once(outgoing, 'response')
    await once(response.resume(), 'end')
  }
  expect(sockets.size).toBe(1)
  expect(principals.map(({ roles }) => roles)).toEqual([
    ['reader'],
    ['reader'],
    ['admin', 'reader'],
    ['admin', 'reader'],
    [],
    ['reader'],
  ])
  expect(new Set(principals.map(({ name }) => name))).toEqual(
    new Set([`default/spiffe:${spiffeId}`]),
  )
  // Read once for every snapshot, not for every request.
  expect(principals[1]).toBe(principals[0])
  expect(principals[3]).toBe(principals[2])
})
