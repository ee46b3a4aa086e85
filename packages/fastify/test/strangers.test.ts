import type { AddressInfo } from 'node:net'
import { tlsFromFiles } from '@mcp-mtls/core'
import { rawExchange } from '@mcp-mtls/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { definePolicy, type McpMtlsOptions, mcpMtls } from '../src/index.js'
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
async function ask(app: FastifyInstance, path: string, token?: string): Promise<string> {
  const { port } = app.server.address() as AddressInfo
  const { ca } = stage.certificates.clients.none
  const bearer = token === undefined ? '' : `authorization: Bearer ${token}\r\n`
  const bytes = `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${bearer}\r\n`
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

  it('are served by each of two guards on its own route, and refused on every other', async () => {
    const { app, options } = await draft()
    const policy = definePolicy({
      version: 1,
      roles: { reader: { tools: ['search'] } },
      assignments: [{ token: 'any', roles: ['reader'] }],
    })
    for (const name of ['a', 'b']) {
      const resource = `https://mcp.acme.test/${name}`
      const verifyAccessToken = async (text: string) => ({
        clientId: 'app',
        scopes: [],
        expiresAt: Date.now() / 1000 + 60,
        resource: new URL(`https://mcp.acme.test/${text}`),
      })
      app.register(mcpMtls, {
        ...{ ...options, policy, path: `/${name}` },
        oauth: { ...oauth, require: 'token', resource, verifier: { verifyAccessToken } },
      })
      app.get(`/${name}`, () => 'reached')
    }
    app.get('/other', () => 'reached')
    await app.listen({ port: 0, host: 'localhost' })
    for (const name of ['a', 'b']) {
      expect(await ask(app, `/${name}`, name)).toContain('reached')
      expect(await ask(app, `/${name}`, 'c')).toMatch(/^HTTP\/1\.1 401 /)
      const metadata = `/.well-known/oauth-protected-resource/${name}`
      expect(await ask(app, metadata)).toMatch(/^HTTP\/1\.1 200 /)
    }
    expect(await ask(app, '/other', 'a')).toMatch(/^HTTP\/1\.1 403 /)
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
