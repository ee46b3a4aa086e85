import { definePolicy, type OAuthOptions, tlsFromFiles } from '@mcp-mtls/core'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, silent } from './stage.js'

const stage = createStage()
const policy = definePolicy({
  version: 1,
  roles: { caller: { tools: ['search'] } },
  assignments: [{ certificate: 'any', token: 'any', roles: ['caller'] }],
})
const issuers: OAuthOptions['issuers'] = [{ issuer: 'https://as.acme.test' }]

describe('OAuth on Fastify', () => {
  it.each(['https://mcp.acme.test/mcp', 'https://mcp.acme.test/', 'https://mcp.acme.test/a:b/mcp'])(
    'C18 serves the metadata of %s at the root and below its own path',
    async (resource) => {
      const { app, options, listen, handler } = await stage.draft()
      app.register(mcpMtls, { ...options, policy, oauth: { resource, issuers } })
      app.all('/mcp', handler)
      const { send } = await listen()
      const { pathname } = new URL(resource)
      for (const path of ['', pathname === '/' ? '' : pathname]) {
        const url = `/.well-known/oauth-protected-resource${path}`
        const answer = await send(url, { method: 'GET' })
        expect(answer).toMatchObject({ status: 200, json: { resource } })
      }
      const other = await send('/.well-known/oauth-protected-resource/axb/mcp', { method: 'GET' })
      expect(other.status).toBe(404)
    },
  )

  it('says where to register the plugin when it stands below a prefix', async () => {
    const { app, options, listen, handler } = await stage.draft()
    app.register(
      (child, _options, done) => {
        child.register(mcpMtls, {
          ...options,
          policy,
          path: '/api/mcp',
          oauth: { resource: 'https://mcp.acme.test/api/mcp', issuers },
        })
        child.all('/mcp', handler)
        done()
      },
      { prefix: '/api' },
    )
    await expect(listen()).rejects.toThrow('register it on the root instance')
  })
})

describe('a listener that lets peers without a certificate in', () => {
  async function draft(place: 'root' | 'child') {
    const { files } = stage.certificates
    const tls = await tlsFromFiles({ ...files, clientCertificate: 'request' })
    const app = Fastify({ serverFactory: tls.createServer })
    onTestFinished(async () => {
      await app.close()
      await tls.close()
    })
    const options = { tls, policy: stage.policy, logger: silent }
    app.get('/other', async () => 'reached')
    if (place === 'root') app.register(mcpMtls, options)
    app.register((child, _options, done) => {
      if (place === 'child') child.register(mcpMtls, options)
      child.all('/mcp', async () => 'reached')
      done()
    })
    return app
  }

  it('A21 does not start where routes stand above the plugin that refuses them', async () => {
    await expect((await draft('child')).ready()).rejects.toThrow(
      '/other would be open to peers without a certificate',
    )
    await expect((await draft('root')).ready()).resolves.toBeDefined()
  })
})
