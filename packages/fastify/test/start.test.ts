import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { tlsFromFiles } from '@mcp-mtls/core'
import { principalNames } from '@mcp-mtls/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type McpMtlsOptions, mcpMtls } from '../src/index.js'
import { createHandler, createStage, type Reached, silent, toRunning } from './stage.js'

const stage = createStage()

function withoutSource(settings: object): FastifyInstance {
  const app: FastifyInstance = Fastify(settings)
  onTestFinished(() => app.close())
  app.post('/mcp', createHandler([]))
  return app
}

async function ownTls() {
  const { files } = stage.certificates
  const read = (path: string) => readFile(path, 'utf8')
  const material = { cert: await read(files.cert), key: await read(files.key) }
  return { ...material, ca: await read(files.ca), requestCert: true, rejectUnauthorized: true }
}

describe('the start fails', () => {
  it('without TLS, and says which two lines are missing', async () => {
    const app = withoutSource({})
    app.register(mcpMtls, { policy: stage.policy, logger: silent })
    await expect(app.ready()).rejects.toThrow(
      /has no TLS.*tls: await tlsFromFiles\(.*Fastify\(\{ serverFactory: tls.createServer \}\)/,
    )
  })

  it.each([
    ['without TLS', async () => ({})],
    ['with TLS of its own', async () => ({ https: await ownTls() })],
  ])('where a source is given and the server is one %s', async (_, settings) => {
    const tls = await tlsFromFiles(stage.certificates.files)
    const app = withoutSource(await settings())
    app.register(mcpMtls, { policy: stage.policy, tls, logger: silent })
    await expect(app.ready()).rejects.toThrow(
      'does not use the TLS source: create it with Fastify({ serverFactory: tls.createServer })',
    )
  })

  it('for a policy file that does not exist', async () => {
    const { app, handler, options } = await stage.draft()
    app.post('/mcp', handler)
    app.register(mcpMtls, { ...options, policy: 'no-such-policy.yaml' })
    await expect(app.ready()).rejects.toThrow('no-such-policy.yaml')
  })

  it('D35 for a policy with an unknown key', async () => {
    const { app, handler, options } = await stage.draft()
    const policy = join(stage.certificates.directory, 'typo.yaml')
    await writeFile(policy, 'version: 1\nroles:\n  reader:\n    tool: [search]\n')
    app.post('/mcp', handler)
    app.register(mcpMtls, { ...options, policy })
    await expect(app.ready()).rejects.toMatchObject({ code: 'ERR_MTLS_POLICY' })
  })

  it.each([
    ['an unknown option', { polcy: 'x' }, 'unknown option `polcy`'],
    ['an option of Fastify itself', { prefix: '/api' }, 'unknown option `prefix`'],
    ['a policy that is no policy', { policy: {} }, '`policy` must be a path'],
    ['no path', { path: [] }, '`path` must name at least one route'],
    ['a path without a slash', { path: 'mcp' }, '`path` must be route patterns'],
    ['a path that is no text', { path: [7] }, '`path` must be route patterns'],
  ])('for %s', async (_, wrong, message) => {
    const { app, handler, options } = await stage.draft()
    app.post('/mcp', handler)
    app.register(mcpMtls, { ...options, ...wrong } as McpMtlsOptions)
    await expect(app.ready()).rejects.toThrow(message)
  })
})

describe('an application that owns its TLS', () => {
  it('has one authority, called default', async () => {
    const reached: Reached[] = []
    const app: FastifyInstance = Fastify({ https: await ownTls() }) as unknown as FastifyInstance
    onTestFinished(() => app.close())
    app.register(mcpMtls, {
      policy: stage.policy,
      audit() {},
      logger: silent,
    })
    app.post('/mcp', createHandler(reached))
    await app.listen({ port: 0, host: 'localhost' })
    const running = toRunning((app.server.address() as AddressInfo).port, stage.certificates)
    expect((await running.send('/mcp')).status).toBe(200)
    expect(reached[0]?.principal?.name).toBe(principalNames.reader)
  })
})

describe('app.inject', () => {
  it('does not get past the guard, having no connection', async () => {
    const { app, handler, options, reached } = await stage.draft()
    app.post('/mcp', handler)
    app.register(mcpMtls, options)
    const answer = await app.inject({ method: 'POST', url: '/mcp', payload: {} })
    expect(answer.statusCode).toBe(503)
    expect(reached).toEqual([])
  })
})
