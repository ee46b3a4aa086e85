import { definePolicy, type GuardOptions } from '@mcp-mtls/core'
import {
  type AuthorizationServer,
  clientMetadata,
  connectSigningIn,
  createTestCertificates,
  spiffeIds,
  startAuthorizationServer,
  type TestCertificates,
} from '@mcp-mtls/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startExpress, startFastify, startNode } from './adapters.js'
import { modernHandler, openResource, type ResourceSetup } from './open-resource.js'

type Clients = NonNullable<NonNullable<GuardOptions['oauth']>['clients']>

const scopes = ['mcp:read', 'mcp:deploy']
const policy = definePolicy({
  version: 1,
  roles: {
    reader: { tools: [{ name: 'search', scopes: ['mcp:read'] }] },
    operator: { tools: [{ name: 'deploy', scopes: ['mcp:deploy'] }] },
    auditor: { tools: ['docs.*'] },
  },
  assignments: [
    { spiffe: [spiffeIds.reader, spiffeIds.operator], token: 'any', roles: ['reader'] },
    {
      spiffe: spiffeIds.reader,
      token: { claims: { groups: 'platform' } },
      roles: ['operator', 'auditor'],
    },
  ],
})

let certificates: TestCertificates
let server: AuthorizationServer

beforeAll(async () => {
  certificates = await createTestCertificates()
  server = await startAuthorizationServer({
    certificates,
    outbound: certificates.clients.operator,
    scopes,
    accounts: { alice: { groups: ['staff', 'platform'] }, bob: { groups: ['staff'] } },
  })
})
afterAll(async () => {
  await server.close()
  await certificates.remove()
})

function open(setup: Partial<ResourceSetup> & { readonly clients?: Clients } = {}) {
  const { clients, ...rest } = setup
  return openResource({
    files: certificates.files,
    options: { policy },
    ...rest,
    oauth: (resource) => {
      server.addResource(resource, { scopes })
      const issuers = [{ issuer: server.issuer, fetch: server.fetch }] as const
      return { resource, issuers, scopes: ['mcp:read'], ...(clients && { clients }) }
    },
  })
}

function signIn(
  url: string,
  options: Partial<Parameters<typeof connectSigningIn>[1]> = {},
): ReturnType<typeof connectSigningIn> {
  const certificate = certificates.clients.reader
  const connecting = connectSigningIn(url, {
    line: 'v1',
    certificate,
    server,
    account: 'alice',
    ...options,
  })
  onTestFinished(async () => {
    await (await connecting.catch(() => undefined))?.close()
  })
  return connecting
}

describe.each([
  ['plain Node', startNode],
  ['Fastify', startFastify],
  ['Express', startExpress],
] as const)('%s', (_, start) => {
  it.each(['v1', 'v2-legacy', 'v2-modern', 'v2-auto'] as const)(
    'a %s client finds the authorization server, signs in, calls, steps up and calls',
    async (line) => {
      const opened = await open({ start, handle: modernHandler() })
      const client = await signIn(opened.url, { line })
      expect(client.authorizations.map(scopeOf)).toEqual(['mcp:read'])
      expect(await client.listTools()).toEqual(['search', 'docs.read', 'docs.purge', 'deploy'])
      expect((await client.callTool('search')).text).toContain('search for default/spiffe:')
      expect((await client.callTool('deploy')).text).toContain('deploy for default/spiffe:')
      expect(client.authorizations.map(scopeOf)).toEqual(['mcp:read', 'mcp:deploy mcp:read'])
      expect((await client.callTool('search')).isError).toBe(false)
      expect(client.authorizations).toHaveLength(2)
      const name = `default/spiffe:${spiffeIds.reader}`
      expect((await client.callTool('search')).text).toContain(name)
    },
  )
})

describe('what a user may', () => {
  it('is not what the user of another token may', async () => {
    const { url } = await open()
    const bob = await signIn(url, { account: 'bob' })
    expect(await bob.listTools()).toEqual(['search'])
    await expect(bob.callTool('deploy')).rejects.toMatchObject({ code: -31403 })
    expect(bob.authorizations).toHaveLength(1)
  })

  it('depends on the certificate too: a token does not lend a role to another one', async () => {
    const { url } = await open()
    await expect(signIn(url, { certificate: certificates.clients.stranger })).rejects.toThrow(/403/)
  })
})

describe('a client known by its metadata document', () => {
  it('acts for the certificates its URL is mapped to, and for no other', async () => {
    const metadataUrl = server.addClientDocument('agent.json', clientMetadata)
    const clients = [
      { spiffe: spiffeIds.reader, client: metadataUrl },
      { spiffe: spiffeIds.operator, client: 'another' },
    ]
    const { url, events } = await open({ clients })
    const client = await signIn(url, { metadataUrl })
    expect((await client.callTool('search')).isError).toBe(false)
    const seen = events.length
    const { operator: certificate } = certificates.clients
    await expect(signIn(url, { metadataUrl, certificate })).rejects.toThrow()
    expect(events.slice(seen)).toContainEqual(
      expect.objectContaining({ type: 'authentication', effect: 'deny', reason: 'client' }),
    )
  })
})

function scopeOf(url: URL): string {
  return (url.searchParams.get('scope') ?? '').split(' ').sort().join(' ')
}
