import type { AddressInfo } from 'node:net'
import { tlsFromFiles } from '@mcp-mtls/core'
import { connect, createMcpFixture } from '@mcp-mtls/testing'
import {
  createMcpFastifyApp,
  hostHeaderValidation,
  originValidation,
} from '@modelcontextprotocol/fastify'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, silent } from './stage.js'

const stage = createStage()

describe('@modelcontextprotocol/fastify', () => {
  it('createMcpFastifyApp makes a server without TLS, so the start fails and says what to create', async () => {
    const tls = await tlsFromFiles(stage.certificates.files)
    const app = createMcpFastifyApp()
    onTestFinished(() => app.close())
    app.register(mcpMtls, { tls, policy: stage.policy, logger: silent })
    app.post('/mcp', () => ({}))
    await expect(app.ready()).rejects.toThrow('Fastify({ serverFactory: tls.createServer })')
  })

  it('its checks of Host and Origin stand before the guard of an application with TLS', async () => {
    const tls = await tlsFromFiles(stage.certificates.files)
    const fixture = createMcpFixture('v2 handler', 'SSE')
    const app = Fastify({ serverFactory: tls.createServer })
    onTestFinished(async () => {
      await app.close()
      await fixture.close()
    })
    app.addHook('onRequest', hostHeaderValidation(['localhost']))
    app.addHook('onRequest', originValidation(['localhost']))
    app.register(mcpMtls, { tls, policy: stage.policy, logger: silent })
    app.all('/mcp', (request, reply) => {
      reply.hijack()
      return fixture.handle(request.raw, reply.raw, request.body)
    })
    await app.listen({ port: 0, host: 'localhost' })
    const { port } = app.server.address() as AddressInfo
    const client = await connect(`https://localhost:${port}/mcp`, {
      certificate: stage.certificates.clients.reader,
      line: 'v2-modern',
    })
    expect(await client.listTools()).toEqual(['search', 'docs.read'])
    await expect(client.callTool('deploy')).rejects.toMatchObject({ code: -31403 })
    await client.close()
    expect(fixture.calls).toEqual([])
  })
})
