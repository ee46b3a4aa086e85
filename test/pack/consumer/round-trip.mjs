// Issues certificates, guards a plain Node server with them and calls it: every package but the adapters.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { mtlsFetch } from '@mcp-mtls/client'
import { createGuard, definePolicy, principalOf } from '@mcp-mtls/core'
import { tlsFromFiles } from '@mcp-mtls/core/tls'

const directory = await mkdtemp(join(tmpdir(), 'mcp-mtls-consumer-'))
const write = async (name, text) => {
  const path = join(directory, name)
  await writeFile(path, text, { mode: 0o600 })
  return path
}
const ca = await createCertificateAuthority()
const server = await ca.issue({ usage: 'server', dns: ['localhost'] })
const client = await ca.issue({ usage: 'client', uri: ['spiffe://acme.test/reader'] })
const tls = await tlsFromFiles({
  cert: await write('server.crt', server.chain),
  key: await write('server.key', server.key),
  ca: await write('ca.crt', ca.certificate),
})
const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  assignments: [{ spiffe: 'spiffe://acme.test/reader', roles: ['reader'] }],
})
const guard = createGuard({ tls, policy, audit: () => {} })
const listener = tls.createServer(
  guard.protect((req, res, body) => {
    res.setHeader('content-type', 'application/json')
    const { name } = principalOf(req.auth)
    res.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: { name } }))
  }),
)
listener.listen(0, 'localhost')
await once(listener, 'listening')

const fetch = mtlsFetch({ cert: client.chain, key: client.key, ca: ca.certificate })
const call = async (id, name) => {
  const answer = await fetch(`https://localhost:${listener.address().port}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } }),
  })
  return answer.json()
}
assert.deepEqual(await call(1, 'search'), {
  jsonrpc: '2.0',
  id: 1,
  result: { name: 'default/spiffe:spiffe://acme.test/reader' },
})
assert.deepEqual(await call(2, 'deploy'), {
  jsonrpc: '2.0',
  id: 2,
  error: { code: -31403, message: 'Not allowed' },
})
await fetch.close()
listener.close()
await guard.close()
await tls.close()
await rm(directory, { recursive: true })
process.stdout.write('allowed and denied')
