import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type AuditEvent, definePolicy, type OAuthOptions, tlsFromFiles } from '@mcp-mtls/core'
import { mcpMtls } from '@mcp-mtls/fastify'
import { createMcpFixture, type ServerFiles, spiffeIds } from '@mcp-mtls/testing'
import Fastify from 'fastify'

/** A guarded MCP server. */
export interface GuardedServer {
  readonly url: string
  /** Why requests were refused or denied, in order. */
  readonly reasons: (string | undefined)[]
  close(): Promise<void>
}

export interface GuardedServerOptions {
  readonly files: ServerFiles
  readonly issuer: string
  readonly oauth: OAuthOptions
  /** Default: a free one. */
  readonly port?: number
}

/** Starts a server whose tools are shared out by the groups and realm roles that Keycloak put into the token. */
export async function serve(options: GuardedServerOptions): Promise<GuardedServer> {
  const { files, oauth, port = 0 } = options
  const fixture = createMcpFixture('v2 handler', 'JSON')
  const reasons: (string | undefined)[] = []
  const audit = ({ effect, reason }: AuditEvent) => {
    if (effect !== 'allow') reasons.push(reason)
  }
  const tls = await tlsFromFiles(files)
  const app = Fastify({ serverFactory: tls.createServer })
  app.register(mcpMtls, { tls, oauth, audit, policy: createPolicy(options.issuer) })
  app.all('/mcp', (request, reply) => {
    reply.hijack()
    return fixture.handle(request.raw, reply.raw, request.body)
  })
  await app.listen({ port, host: 'localhost' })
  return {
    url: `https://localhost:${(app.server.address() as AddressInfo).port}/mcp`,
    reasons,
    close: () => app.close().then(() => fixture.close()),
  }
}

function createPolicy(issuer: string) {
  const spiffe = [spiffeIds.reader, spiffeIds.operator]
  return definePolicy({
    version: 1,
    roles: {
      reader: { tools: ['search'] },
      auditor: { tools: ['docs.read'] },
      deployer: { tools: ['deploy'] },
      robot: { tools: ['docs.purge'] },
    },
    assignments: [
      { spiffe, token: 'any', roles: ['reader'] },
      { spiffe, token: { issuer, claims: { groups: 'platform' } }, roles: ['deployer'] },
      {
        spiffe,
        token: { issuer, claims: { realm_access: { roles: 'auditor' } } },
        roles: ['auditor'],
      },
      { spiffe, token: { issuer, kind: 'client', client: 'agent' }, roles: ['robot'] },
    ],
  })
}

/** A port nobody listens on: tokens are issued for the server's URL, so it has to be known before there is one. */
export async function findPort(): Promise<number> {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
