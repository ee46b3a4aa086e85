import type { Server } from 'node:http'
import { ConfigurationError, type GuardOptions } from '@mcp-mtls/core'
import type { FastifyInstance } from 'fastify'

/** Options of the Fastify plugin: those of the guard, and which routes it guards. */
export interface McpMtlsOptions extends GuardOptions {
  /** Full patterns of the routes to guard, prefix included; default `/mcp`. */
  readonly path?: string | readonly string[]
}

const claims = new WeakMap<Server | object, Set<string>>()
let registrations = 0

/**
 * Notes that one registration guards some routes of an application, and numbers it.
 *
 * @throws {ConfigurationError} for a path that is no route pattern, or that another registration guards
 */
export function claimPaths(
  app: FastifyInstance,
  path: string | readonly string[],
): { paths: readonly string[]; id: number } {
  const paths = typeof path === 'string' ? [path] : [...path]
  const claimed = claims.get(app.server) ?? new Set()
  claims.set(app.server, claimed)
  if (paths.length === 0) throw new ConfigurationError('`path` must name at least one route')
  for (const one of paths) {
    if (typeof one !== 'string' || !/^[/*]/.test(one)) {
      throw new ConfigurationError(
        '`path` must be route patterns such as "/mcp" or "/api/:team/mcp"',
      )
    }
    if (claimed.has(one)) {
      throw new ConfigurationError(
        `two registrations of mcpMtls guard ${one}: give each its own \`path\``,
      )
    }
    claimed.add(one)
  }
  registrations += 1
  return { paths: Object.freeze(paths), id: registrations }
}
