import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { expect, it, onTestFinished } from 'vitest'
import { createGuard } from '../../src/guard/create-guard.js'
import { definePolicy } from '../../src/policy/define.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import { createCertificateFiles } from '../tls/certificate-files.js'
import { callTool, createLog, spiffeId } from './stage.js'

/** One server with two MCP routes, a guard each, behind one source of two authorities. */
async function open() {
  const files = await createCertificateFiles()
  const other = await createCertificateAuthority({ name: 'Partners' })
  const { cert, key, ca } = files.options
  const partners = await files.write('partners.crt', other.certificate)
  const authorities = { corp: { ca, trustDomains: ['acme.test'] }, partners: { ca: partners } }
  const tls = await tlsFromFiles({ cert, key, authorities })
  const policy = definePolicy({
    version: 1,
    roles: { reader: { tools: ['search'] } },
    assignments: [{ spiffe: spiffeId, roles: ['reader'] }],
  })
  const guards = ['/a', '/b'].map((path) => {
    const guard = createGuard({ policy, tls, logger: createLog(), audit() {} })
    return [path, guard, guard.protect((_req, res) => void res.end(path))] as const
  })
  await Promise.all(guards.map(([, { ready }]) => ready))
  const server = tls.createServer((req, res) => {
    for (const [path, , listener] of guards) if (req.url === path) listener(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await Promise.all(guards.map(([, guard]) => guard.close()))
    await tls.close()
  })
  const { port } = server.address() as AddressInfo
  const issued = await (await files.ca.child()).issue({ usage: 'client', uri: [spiffeId] })
  return async (path: string, agent: Agent | false): Promise<number | undefined> => {
    const outgoing = request({
      ...{ host: '127.0.0.1', servername: 'localhost', port, path, method: 'POST', agent },
      ...{ cert: issued.chain, key: issued.key, ca: files.ca.certificate },
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
    })
    outgoing.end(JSON.stringify(callTool('search')))
    const [response] = await once(outgoing, 'response')
    await once(response.resume(), 'end')
    return response.statusCode
  }
}

it('two guards on one source both see the intermediates of a connection', async () => {
  const ask = await open()
  // Node 24 shows nobody what a client sends beside its own certificate.
  const expected = process.versions.node.startsWith('24.') ? 403 : 200
  expect([await ask('/b', false), await ask('/a', false)]).toEqual([expected, expected])
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const answers = [await ask('/a', agent), await ask('/b', agent), await ask('/a', agent)]
  expect(answers).toEqual([expected, expected, expected])
})
