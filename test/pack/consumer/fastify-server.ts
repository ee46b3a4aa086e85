import defaultExport, {
  type AuditEvent,
  definePolicy,
  type McpMtlsOptions,
  MtlsError,
  mcpMtls,
  type Principal,
  principalOf,
  type TlsSource,
  tlsFromFiles,
} from '@mcp-mtls/fastify'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import Fastify from 'fastify'
import { z } from 'zod'

function buildServer(): McpServer {
  const server = new McpServer({ name: 'consumer', version: '1.0.0' })
  server.registerTool('search', { inputSchema: z.object({ q: z.string() }) }, ({ q }, ctx) => {
    const principal: Principal = principalOf(ctx.http?.authInfo)
    return { content: [{ type: 'text', text: `${q} for ${principal.name}` }] }
  })
  return server
}

export async function serve(): Promise<void> {
  const tls: TlsSource = await tlsFromFiles({ cert: 'a.crt', key: 'a.key', ca: 'ca.crt' })
  const policy = definePolicy({
    version: 1,
    roles: { reader: { tools: ['search'] } },
    assignments: [{ spiffe: 'spiffe://acme.test/reader', roles: ['reader'] }],
  })
  const audit = (event: AuditEvent): void => void event.principal
  const options: McpMtlsOptions = { tls, policy, audit, path: ['/mcp', '/v2/mcp'] }
  const mcp = toNodeHandler(createMcpHandler(buildServer))
  const app = Fastify({ serverFactory: tls.createServer })
  await app.register(mcpMtls, options)
  await app.register(defaultExport, { policy: 'policy.yaml', path: '/other' })
  app.all('/mcp', (request, reply) => {
    const caller: Principal | null = request.principal
    app.log.info(caller?.roles)
    reply.hijack()
    return mcp(request.raw, reply.raw, request.body)
  })
  await app.listen({ port: 8443 }).catch((error: unknown) => {
    if (error instanceof MtlsError) throw new Error(error.code, { cause: error })
  })
}
