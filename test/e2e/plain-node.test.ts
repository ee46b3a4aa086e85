import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createGuard } from '@mcp-mtls/core'
import { parseQuery } from '@mcp-mtls/testing'
import { adapterContract } from '@mcp-mtls/testing/contract'

adapterContract('plain Node', async ({ tls, options, handle, http2, paths = ['/mcp'] }) => {
  const guard = createGuard({ ...options, tls })
  await guard.ready
  const listener = guard.protect((req, res, body) => handle(req, res, body, parseQuery(req)))
  const server = http2
    ? tls.attach(createSecureServer({ ...tls.options, allowHTTP1: true }, listener))
    : tls.createServer(listener)
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}${paths[0]}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      await guard.close()
      await closed
    },
  }
})
