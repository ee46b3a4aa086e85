import { type CertificateAuthority, createCertificateAuthority } from '@mcp-mtls/authority'
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MtlsFetch, mtlsFetch } from '../src/index.js'
import { type RunningServer, startServer } from './start-server.js'

let server: RunningServer
let fetch: MtlsFetch
let ca: CertificateAuthority

beforeAll(async () => {
  ca = await createCertificateAuthority()
  const { certificate: cert, key } = await ca.issue({ usage: 'server', dns: ['localhost'] })
  server = await startServer({
    cert,
    key,
    ca: ca.certificate,
    answer: async (request, response) => {
      const body = JSON.parse((await request.setEncoding('utf8').toArray()).join('') || '{}')
      if (body.method !== 'initialize') return void response.writeHead(202).end()
      const result = {
        protocolVersion: '2025-06-18',
        capabilities: {},
        serverInfo: { name: 'test', version: '1' },
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result }))
    },
  })
})
beforeAll(async () => {
  const { chain: cert, key } = await ca.issue({ usage: 'client', cn: 'reader' })
  fetch = mtlsFetch({ cert, key, ca: ca.certificate })
})
afterAll(async () => {
  await fetch.close()
  await server.close()
})

const info = { name: 'test', version: '1' }

describe('the transports of both SDK lines take the fetch without a cast', () => {
  it('connects a client of SDK v1', async () => {
    const client = new ClientV1(info)
    await client.connect(new TransportV1(new URL(server.origin), { fetch }))
    expect(client.getServerVersion()).toMatchObject({ name: 'test' })
    await client.close()
  })

  it('connects a client of SDK v2', async () => {
    const client = new ClientV2(info)
    await client.connect(new TransportV2(new URL(server.origin), { fetch }))
    expect(client.getServerVersion()).toMatchObject({ name: 'test' })
    await client.close()
  })

  it('is taken by the HTTP+SSE transport too, and every request carried the certificate', () => {
    expect(new SSEClientTransport(new URL(server.origin), { fetch })).toBeDefined()
    expect(new Set(server.seen)).toEqual(new Set(['reader']))
  })
})
