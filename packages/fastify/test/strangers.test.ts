import type { AddressInfo } from 'node:net'
import { tlsFromFiles } from '@mcp-mtls/core'
import { rawExchange } from '@mcp-mtls/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type McpMtlsOptions, mcpMtls } from '../src/index.js'
import { createStage, plugin, silent } from './stage.js'

const stage = createStage()

const oauth: McpMtlsOptions['oauth'] = {
  resource: 'https://mcp.acme.test/mcp',
  authorizationServers: ['https://as.acme.test'],
  require: 'certificate',
  verifier: { verifyAccessToken: () => Promise.reject(new Error('unknown')) },
}

/** An application on a listener that lets peers without a certificate in. */
async function draft() {
  const tls = await tlsFromFiles({ ...stage.certificates.files, clientCertificate: 'request' })
  const app: FastifyInstance = Fastify({ serverFactory: tls.createServer })
  onTestFinished(async () => {
    await app.close()
    await tls.close()
  })
  return { app, options: { tls, policy: stage.policy, logger: silent, audit: () => undefined } }
}

/** Asks for a path, as it is written, without a certificate; the first line of the answer, and its body. */
async function ask(app: FastifyInstance, path: string): Promise<string> {
  const { port } = app.server.address() as AddressInfo
  const { ca } = stage.certificates.clients.none
  const bytes = `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`
  return await rawExchange(`https://localhost:${port}`, { certificate: { ca }, bytes })
}

describe('peers without a certificate', () => {
  it.each([
    ['/.well-known/oauth-protected-resource', 200],
    ['/.well-known/oauth%2Dprotected-resource', 404],
    ['/.well-known/oauth%2dprotected-resource/mcp', 404],
    ['/health', 200],
    ['/he%61lth', 404],
    ['/r%65ady', 404],
  ])('D26 are answered at once whatever the spelling of an open path: %s', async (path, status) => {
    const { app, options } = await draft()
    app.register(mcpMtls, {
      ...{ ...options, oauth, open: ['/health', '/ready'] },
      health: { port: 0 },
    })
    app.post('/mcp', () => 'reached')
    await app.listen({ port: 0, host: 'localhost' })
    expect(await ask(app, path)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  it('A21 fail the start where a route outside of the registration would let them in', async () => {
    const { app, options } = await draft()
    app.register(
      plugin((child) => {
        child.register(mcpMtls, { ...options, open: ['/open'] })
        child.post('/mcp', () => 'reached')
      }),
    )
    app.get('/open', () => 'reached')
    app.get('/admin/:id', () => 'reached')
    await expect(app.ready()).rejects.toThrow(
      'route GET /admin/:id would be open to peers without a certificate, whom the TLS source lets in: register mcpMtls on the root instance, or name the route in `open`',
    )
  })

  it('A21 do not fail it where every such route is open', async () => {
    const { app, options } = await draft()
    app.register(
      plugin((child) => {
        child.register(mcpMtls, { ...options, open: ['/open'] })
        child.post('/mcp', () => 'reached')
      }),
    )
    app.get('/open', () => 'reached')
    await app.listen({ port: 0, host: 'localhost' })
    expect(await ask(app, '/open')).toContain('reached')
    expect(await ask(app, '/mcp')).toMatch(/^HTTP\/1\.1 403 |^HTTP\/1\.1 404 /)
  })
})
