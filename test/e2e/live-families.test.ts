import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect } from 'node:tls'
import { type AuditEvent, createGuard, tlsFromFiles } from '@mcp-mtls/core'
import { mcpMtls } from '@mcp-mtls/fastify'
import { type ClientCertificate, legacyPost, rawRequest, toolCall, until } from '@mcp-mtls/testing'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { attempt, toBytes } from './attempt.js'
import { createLiveWorld } from './live-world.js'

const call = legacyPost(toolCall('search'))
const silent = { info() {}, warn() {}, error() {} }
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)

/** A Fastify application of two families, and how to reach it on each. */
async function openFamilies(host: string) {
  const world = await createLiveWorld()
  const tls = await tlsFromFiles(world.files)
  const app = Fastify({ serverFactory: tls.createServer })
  app.register(mcpMtls, { tls, policy: world.policy, logger: silent, audit: () => {} })
  app.post('/mcp', () => ({ jsonrpc: '2.0', id: 1, result: {} }))
  onTestFinished(async () => {
    await app.close()
    await tls.close()
  })
  await app.listen({ port: 0, host })
  const bound = app.addresses().filter((address) => typeof address === 'object')
  const families = bound.some(({ address }) => address === '::')
    ? ['127.0.0.1', '::1']
    : bound.map(({ address }) => address)
  const url = `https://localhost:${bound[0]?.port}/mcp`
  return { ...world, families, url }
}

function send(url: string, host: string, certificate: ClientCertificate) {
  return attempt(url, { ...certificate, host, bytes: toBytes(call) })
}

/** A kept connection that has had one answer; whether it is gone. */
async function keep(url: string, host: string, certificate: ClientCertificate) {
  const port = Number(new URL(url).port)
  const socket = connect({ ...certificate, host, port, servername: 'localhost' })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(toBytes(call, 'keep-alive'))
  const [chunk] = await once(socket, 'data')
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /)
  return { isClosed: () => socket.closed, serial: socket.getPeerCertificate().serialNumber }
}

/** Whatever names the machine has: `localhost` is both, for who asks for all of its addresses. */
function resolveLocalhost(): void {
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]
  const { lookup } = dns
  const fake = (...args: readonly unknown[]): unknown => {
    const [name, options, done] = args
    const isAll = typeof options === 'object' && options !== null && 'all' in options
    if (name !== 'localhost' || !isAll || typeof done !== 'function') {
      return Reflect.apply(lookup, dns, args)
    }
    return process.nextTick(() => done(null, both))
  }
  // The function has eight overloads, of which a mock knows the last.
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(fake as never)
  onTestFinished(() => spy.mockRestore())
}

describe('Fastify on every address it listens on', () => {
  it.skipIf(!hasIpv6)('A22 of both families takes over certificate and revocation', async () => {
    const { families } = await rotateAndRevoke('::')
    expect(families).toEqual(['127.0.0.1', '::1'])
  })

  it('A22 of localhost takes over certificate and revocation', async () => {
    resolveLocalhost()
    await rotateAndRevoke('localhost')
  })
})

async function rotateAndRevoke(host: string) {
  const { families, url, victim, other, renewServer, withdraw } = await openFamilies(host)
  const kept = await Promise.all(families.map((family) => keep(url, family, victim)))
  const stayed = await Promise.all(families.map((family) => keep(url, family, other)))
  await renewServer()
  for (const [index, family] of families.entries()) {
    const old = kept[index]?.serial
    await vi.waitFor(async () => expect((await keep(url, family, other)).serial).not.toBe(old), {
      timeout: 5_000,
      interval: 50,
    })
  }
  await withdraw.CRL()
  await until(() => kept.every(({ isClosed }) => isClosed()))
  for (const family of families) {
    expect((await send(url, family, victim)).answer).toBe('')
    expect((await send(url, family, other)).answer).toMatch(/^HTTP\/1\.1 200 /)
  }
  expect(stayed.map(({ isClosed }) => isClosed())).toEqual(families.map(() => false))
  return { families }
}

describe('a server that is not attached', () => {
  it('A22 is refused, since nothing would reach it: 503, and an event says why', async () => {
    const world = await createLiveWorld()
    const tls = await tlsFromFiles(world.files)
    const events: AuditEvent[] = []
    const guard = createGuard({
      tls,
      policy: world.policy,
      logger: silent,
      audit: (event) => void events.push(event),
    })
    await guard.ready
    const handled = vi.fn()
    const server = createServer({ ...tls.options }, guard.protect(handled))
    server.listen(0, 'localhost')
    await once(server, 'listening')
    onTestFinished(async () => {
      server.close()
      await guard.close()
      await tls.close()
    })
    const url = `https://localhost:${(server.address() as AddressInfo).port}/mcp`
    const answer = await rawRequest(url, { certificate: world.other, ...call })
    expect(answer).toMatchObject({ status: 503, json: { error: { code: -32603 } } })
    expect(events).toContainEqual(
      expect.objectContaining({ effect: 'deny', reason: expect.stringMatching(/not attached/) }),
    )
    expect(handled).not.toHaveBeenCalled()
  })
})
