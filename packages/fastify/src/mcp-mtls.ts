import { Server as TlsServer } from 'node:tls'
import {
  ConfigurationError,
  createGuard,
  type Guard,
  type HealthOptions,
  type Logger,
  type Principal,
  type TlsSource,
} from '@mcp-mtls/core'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { checkOtherRoutes, checkRoutes } from './check-routes.js'
import { addGuardHooks } from './hooks.js'
import { claimPaths, type McpMtlsOptions } from './paths.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; null on routes that are not guarded. */
    principal: Principal | null
  }
}

/**
 * Guards MCP routes of a Fastify 5 application: `app.register(mcpMtls, { tls, policy })`. Hooks of the
 * instance it is registered on act on the routes whose pattern is one of `path`, whenever those are
 * declared. The start fails if the policy, the server or a guarded route is not as it must be.
 *
 * Not seen: handlers that answer outside a route, such as a WebSocket server on `upgrade`.
 */
export const mcpMtls: FastifyPluginAsync<McpMtlsOptions> = fp(registerMcpMtls, {
  fastify: '5.x',
  name: '@mcp-mtls/fastify',
})

async function registerMcpMtls(app: FastifyInstance, options: McpMtlsOptions): Promise<void> {
  const { path = '/mcp', health, ...guardOptions } = options
  const claim = claimPaths(app, path)
  const guard = createGuard({ ...loggerOf(app), ...guardOptions }, claim.paths.join(', '))
  await guard.ready
  if (!app.hasRequestDecorator('principal')) app.decorateRequest('principal', null)
  const hooks = addGuardHooks(app, guard, claim)
  addMetadataRoutes(app, guard)
  claim.addOpen(guard.metadataPaths)
  if (health !== undefined) addHealth(app, guard, health === true ? {} : health)
  app.addHook('onReady', async () => {
    checkServer(app, guardOptions.tls)
    checkRoutes(app, claim.paths, hooks)
    if (guardOptions.tls?.clientCertificate === 'request') {
      checkOtherRoutes(app, [...(guardOptions.open ?? []), ...guard.metadataPaths])
    }
  })
  app.addHook('preClose', () => guard.close())
}

/**
 * Serves the metadata of the resource where OAuth clients look for it (RFC 9728 section 3.1).
 *
 * @throws {ConfigurationError} under a prefix: the documents stand at the root of the host
 */
function addMetadataRoutes(app: FastifyInstance, guard: Guard): void {
  if (guard.metadataPaths.length > 0 && app.prefix !== '') {
    throw new ConfigurationError(
      `mcpMtls with \`oauth\` adds routes below /.well-known, which the prefix ${app.prefix} would move: register it on the root instance, and give \`path\` with the prefix`,
    )
  }
  for (const path of guard.metadataPaths) {
    // In a pattern a colon begins a parameter, and two are one.
    const url = path.replaceAll(':', '::')
    if (app.hasRoute({ method: 'GET', url })) continue
    app.route({
      method: ['GET', 'OPTIONS'],
      url,
      handler: (request, reply) => {
        // Fastify decodes what it looks routes up by: another spelling of the path is nobody's to answer.
        if (guard.serveMetadata(request.raw, reply.raw)) reply.hijack()
        else reply.code(404).send()
      },
    })
  }
}

/** Answers probes on the application's own server, and beside it without TLS as soon as it listens. */
function addHealth(app: FastifyInstance, { health }: Guard, options: HealthOptions): void {
  for (const url of ['/health', '/ready']) {
    app.get(url, (request, reply) => {
      if (health.serve(request.raw, reply.raw)) reply.hijack()
      else reply.code(404).send()
    })
  }
  app.addHook('onListen', async () => {
    await health.listen(app.server, options)
  })
}

/** Fastify's logger, unless the application has none: then refusals would go unseen. */
function loggerOf({ log }: FastifyInstance): { logger?: Logger } {
  return 'level' in log && log.level !== undefined ? { logger: log } : {}
}

function checkServer({ server }: FastifyInstance, tls: TlsSource | undefined): void {
  if (tls && !tls.isAttached(server)) {
    throw new ConfigurationError(
      'this Fastify instance does not use the TLS source: create it with Fastify({ serverFactory: tls.createServer })',
    )
  }
  if (!(server instanceof TlsServer)) {
    throw new ConfigurationError(
      'this Fastify instance has no TLS, so no caller can be known: pass `tls: await tlsFromFiles({ cert, key, ca })` to mcpMtls and create the instance with Fastify({ serverFactory: tls.createServer })',
    )
  }
}
