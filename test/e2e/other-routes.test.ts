import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { definePolicy, type TlsSource, tlsFromFiles } from '@mcp-mtls/core'
import { mcpMtls as expressGuard } from '@mcp-mtls/express'
import { mcpMtls as fastifyGuard } from '@mcp-mtls/fastify'
import { type ClientName, createTestCertificates, rawRequest } from '@mcp-mtls/testing'
import express from 'express'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

const options = {
  policy: definePolicy({ version: 1 }),
  open: ['/public'],
  logger: { info() {}, warn() {}, error() {} },
} as const
const listening = { port: 0, host: 'localhost' } as const

interface Application {
  readonly server: Server
  close(): Promise<void>
}

async function startFastify(tls: TlsSource): Promise<Application> {
  const app = Fastify({ serverFactory: tls.createServer })
  app.register(fastifyGuard, { ...options, tls })
  for (const path of ['/mcp', '/public', '/private']) app.all(path, async () => `reached ${path}`)
  await app.listen(listening)
  return { server: app.server, close: () => app.close() }
}

async function startExpress(tls: TlsSource): Promise<Application> {
  const app = express()
  const mcp = expressGuard({ ...options, tls })
  app.use(mcp.required('/mcp'))
  app.all('/mcp', mcp)
  for (const path of ['/mcp', '/public', '/private']) {
    app.all(path, (_req, res) => void res.send(`reached ${path}`))
  }
  const server = tls.createServer(app).listen(listening)
  await once(server, 'listening')
  return {
    server,
    async close() {
      server.close()
      server.closeAllConnections()
      await mcp.close()
    },
  }
}

let certificates: Awaited<ReturnType<typeof createTestCertificates>>
beforeAll(async () => {
  certificates = await createTestCertificates()
})
afterAll(() => certificates.remove())

/** Asks as one of the clients on a listener that lets peers without a certificate in, or does not. */
async function open(
  start: (tls: TlsSource) => Promise<Application>,
  clientCertificate: 'request' | 'required' = 'request',
) {
  const tls = await tlsFromFiles({ ...certificates.files, clientCertificate })
  const { server, close } = await start(tls)
  onTestFinished(async () => {
    await close()
    await tls.close()
  })
  const { port } = server.address() as AddressInfo
  return async (path: string, who: ClientName | 'none') => {
    const certificate = certificates.clients[who]
    const answer = await rawRequest(`https://localhost:${port}${path}`, {
      certificate,
      method: 'GET',
    })
    return { status: answer.status, reached: answer.body === `reached ${path}`, body: answer.body }
  }
}

const refused = { status: 403, reached: false }
const reached = { status: 200, reached: true }

describe.each([
  ['Fastify', startFastify],
  ['Express', startExpress],
] as const)('routes of %s beside the guarded one', (_, start) => {
  it.each(['none', 'foreign', 'expired'] as const)(
    'A21 are refused to a peer whose certificate is %s, unless they are open',
    async (who) => {
      const ask = await open(start)
      expect(await ask('/private', who)).toMatchObject(refused)
      expect(await ask('/public', who)).toMatchObject(reached)
      expect(await ask('/mcp', who)).toMatchObject(refused)
    },
  )

  it('are open to any certificate of the CA, with a role or without', async () => {
    const ask = await open(start)
    for (const who of ['stranger', 'reader'] as const) {
      expect(await ask('/private', who)).toMatchObject(reached)
    }
  })

  it.each([
    '/private/',
    '//private',
    '/PRIVATE',
    '/%70rivate',
    '/public/..%2fprivate',
    '/public;/private',
    '/private?/public',
    '/private#/public',
  ])('D26 are not opened by another spelling: %s', async (path) => {
    const ask = await open(start)
    expect((await ask(path, 'none')).body).not.toContain('reached')
  })

  it('are the application’s own where the handshake asks for a certificate', async () => {
    const ask = await open(start, 'required')
    expect(await ask('/private', 'stranger')).toMatchObject(reached)
    await expect(ask('/public', 'none')).rejects.toThrow()
  })
})
