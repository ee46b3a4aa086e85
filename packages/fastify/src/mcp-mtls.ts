import { Server as TlsServer } from 'node:tls'
import {
  ConfigurationError,
  createGuard,
  type Logger,
  type Principal,
  type TlsSource,
} from '@mcp-mtls/core'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { checkRoutes } from './check-routes.js'
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
  const { path = '/mcp', ...guardOptions } = options
  const claim = claimPaths(app, path)
  const guard = createGuard({ ...loggerOf(app), ...guardOptions }, claim.paths.join(', '))
  await guard.ready
  if (!app.hasRequestDecorator('principal')) app.decorateRequest('principal', null)
  const hooks = addGuardHooks(app, guard, claim)
  app.addHook('onReady', async () => {
    checkServer(app, guardOptions.tls)
    checkRoutes(app, claim.paths, hooks)
  })
  app.addHook('preClose', () => guard.close())
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
