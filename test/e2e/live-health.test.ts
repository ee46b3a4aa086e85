import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGuard, type TlsSource, tlsFromFiles } from '@mcp-mtls/core'
import { mcpMtls as expressGuard } from '@mcp-mtls/express'
import { mcpMtls as fastifyGuard } from '@mcp-mtls/fastify'
import { rawRequest } from '@mcp-mtls/testing'
import express from 'express'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attempt } from './attempt.js'
import { createLiveWorld, type LiveWorld } from './live-world.js'

interface Probed {
  readonly port: number
  /** Closes the guard and leaves the server. */
  closeGuard(): Promise<void>
  close(): Promise<unknown>
}

type Start = (setup: {
  readonly tls: TlsSource
  readonly policy: string
  readonly port: number
}) => Promise<Probed>

const quiet = { logger: { info() {}, warn() {}, error() {} }, audit: () => {} }

const starts: readonly (readonly [string, Start])[] = [
  [
    'plain Node',
    async ({ tls, policy, port }) => {
      const guard = createGuard({ tls, policy, ...quiet })
      await guard.ready
      const guarded = guard.protect((_req, res) => void res.end())
      const server = tls.createServer((req, res) => {
        if (!guard.health.serve(req, res)) guarded(req, res)
      })
      server.listen(port, 'localhost')
      await once(server, 'listening')
      await guard.health.listen(server)
      const close = async () => {
        await guard.close()
        server.close()
      }
      return { port, closeGuard: () => guard.close(), close }
    },
  ],
  [
    'Fastify',
    async ({ tls, policy, port }) => {
      const app = Fastify({ serverFactory: tls.createServer })
      app.register(fastifyGuard, { tls, policy, health: true, ...quiet })
      app.post('/mcp', () => ({}))
      await app.listen({ port, host: 'localhost' })
      // Of an application of Fastify the guard is closed with it.
      return { port, closeGuard: () => app.close(), close: () => app.close() }
    },
  ],
  [
    'Express',
    async ({ tls, policy, port }) => {
      const app = express()
      const mcp = expressGuard({ tls, policy, ...quiet })
      await mcp.ready()
      app.use(mcp.health)
      app.all('/mcp', mcp, (_req, res) => void res.end())
      const server = tls.createServer(app)
      server.listen(port, 'localhost')
      await once(server, 'listening')
      await mcp.health.listen(server)
      const close = async () => {
        await mcp.close()
        server.close()
      }
      return { port, closeGuard: () => mcp.close(), close }
    },
  ],
]

async function open(start: Start, world: LiveWorld): Promise<Probed> {
  const tls = await tlsFromFiles(world.files)
  const running = await start({ tls, policy: world.policy, port: await findPort() })
  onTestFinished(async () => {
    await running.close()
    await tls.close()
  })
  return running
}

/** A port that is free together with the one a thousand above it, both below those the system gives out. */
async function findPort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000)
    if ((await isFree(port)) && (await isFree(port + 1000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createNetServer()
  const listening = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  const free = await listening
  if (free) await new Promise((resolve) => server.close(resolve))
  return free
}

/** Over plain HTTP on loopback, a thousand ports above the server. */
async function probe({ port }: Probed, path: string) {
  const outgoing = request({ host: '127.0.0.1', port: port + 1000, path, agent: false })
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  return { status: response.statusCode, body: await text(response) }
}

describe.each(starts)('probes: %s', (_, start) => {
  it('answers /health and /ready a thousand ports above, without TLS, and nothing else', async () => {
    const running = await open(start, await createLiveWorld())
    expect(await probe(running, '/health')).toEqual({ status: 200, body: '{"status":"ok"}' })
    expect(await probe(running, '/ready')).toEqual({ status: 200, body: '{"status":"ready"}' })
    for (const path of ['/', '/mcp', '/health/', '/Health', '/metrics']) {
      expect((await probe(running, path)).status, path).toBe(404)
    }
  })

  it('answers both over mutual TLS, and nobody without a certificate', async () => {
    const { other, ...world } = await createLiveWorld()
    const running = await open(start, { other, ...world })
    const url = (path: string) => `https://localhost:${running.port}${path}`
    for (const path of ['/health', '/ready']) {
      const answer = await rawRequest(url(path), { certificate: other, method: 'GET' })
      expect(answer.status, path).toBe(200)
      const nobody = { ca: other.ca }
      await expect(
        rawRequest(url(path), { certificate: nobody, method: 'GET' }),
        path,
      ).rejects.toThrow()
    }
  })

  it('a client of TLS 1.1 is refused before a byte of it is read', async () => {
    const { other, ...world } = await createLiveWorld()
    const running = await open(start, { other, ...world })
    const bytes = 'GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const
    // Without @SECLEVEL=0 OpenSSL would not even offer it.
    const ciphers = 'DEFAULT@SECLEVEL=0'
    const url = `https://localhost:${running.port}/`
    const refused = await attempt(url, { ...other, ...old, ciphers, bytes })
    expect(refused).toMatchObject({ answer: '', end: expect.stringMatching(/alert|version/i) })
    const current = await attempt(url, { ...other, bytes })
    expect(current.answer).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('is not ready once its own certificate has expired', async () => {
    const world = await createLiveWorld()
    await world.renewServer(new Date(Date.now() + 3_000))
    const running = await open(start, world)
    expect((await probe(running, '/ready')).status).toBe(200)
    let answer = await probe(running, '/ready')
    for (let tries = 0; tries < 60 && answer.status === 200; tries += 1) {
      await sleep(100)
      answer = await probe(running, '/ready')
    }
    expect(answer).toEqual({
      status: 503,
      body: expect.stringContaining('no certificate or CA in force is valid'),
    })
    expect((await probe(running, '/health')).status).toBe(200)
  })

  it('answers no more when the guard is closed', async () => {
    const running = await open(start, await createLiveWorld())
    await running.closeGuard()
    await expect(probe(running, '/ready')).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('a guard that is closed', () => {
  it('is not ready, and says so over mutual TLS', async () => {
    const world = await createLiveWorld()
    const tls = await tlsFromFiles(world.files)
    const guard = createGuard({ tls, policy: world.policy, ...quiet })
    await guard.ready
    const server = tls.createServer((req, res) => {
      guard.health.serve(req, res)
    })
    server.listen(0, 'localhost')
    await once(server, 'listening')
    onTestFinished(async () => {
      server.close()
      await tls.close()
    })
    const url = `https://localhost:${(server.address() as AddressInfo).port}/ready`
    const ask = () => rawRequest(url, { certificate: world.other, method: 'GET' })
    expect((await ask()).json).toEqual({ status: 'ready' })
    await guard.close()
    const answer = await ask()
    expect(answer.status).toBe(503)
    expect(answer.json).toEqual({ status: 'not ready', problems: ['the guard is closed'] })
  })
})
