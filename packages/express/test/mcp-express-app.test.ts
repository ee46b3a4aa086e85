import { tlsFromFiles } from '@mcp-mtls/core'
import { connect, createMcpFixture, legacyPost, toolCall } from '@mcp-mtls/testing'
import { createMcpExpressApp } from '@modelcontextprotocol/express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mcpMtls } from '../src/index.js'
import { createStage, listen, silent } from './stage.js'

const stage = createStage()

async function open(options: Parameters<typeof createMcpExpressApp>[0] = {}) {
  const tls = await tlsFromFiles(stage.certificates.files)
  const fixture = createMcpFixture('v2 handler', 'SSE')
  onTestFinished(() => fixture.close())
  const mcp = mcpMtls({ tls, policy: stage.policy, logger: silent })
  const app = createMcpExpressApp(options)
  app.all('/mcp', mcp, (req, res, next) => {
    fixture.handle(req, res, req.body).catch(next)
  })
  return { fixture, mcp, running: await listen(tls.createServer(app), stage.certificates) }
}

describe('createMcpExpressApp of @modelcontextprotocol/express', () => {
  it('with the guard on its route serves the SDK’s clients', async () => {
    const { fixture, mcp, running } = await open()
    await mcp.verify(running.server, '/mcp')
    for (const line of ['v1', 'v2-modern'] as const) {
      const certificate = stage.certificates.clients.reader
      const client = await connect(running.url, { certificate, line })
      expect(await client.listTools()).toEqual(['search', 'docs.read'])
      await expect(client.callTool('deploy')).rejects.toMatchObject({ code: -31403 })
      await client.close()
    }
    expect(fixture.calls).toEqual([])
  })

  it('parses bodies first, within its own limit', async () => {
    const large = legacyPost(toolCall('search', { query: 'x'.repeat(200_000) }))
    const small = await open()
    expect((await small.running.send('/mcp', large)).status).toBe(413)
    const wide = await open({ jsonLimit: '1mb' })
    expect((await wide.running.send('/mcp', large)).status).toBe(200)
    expect(small.fixture.calls).toEqual([])
  })

  it('checks Host before the guard, so verify is given the whole URL', async () => {
    const { mcp, running } = await open({ allowedHosts: ['mcp.acme.test'] })
    await mcp.verify(running.server, 'https://mcp.acme.test/mcp')
    expect((await running.send('/mcp')).status).toBe(403)
    await expect(mcp.verify(running.server, '/mcp')).rejects.toThrow('give verify the whole URL')
  })
})
