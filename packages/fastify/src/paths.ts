import type { Server } from 'node:http'
import { ConfigurationError, type GuardOptions, type HealthOptions } from '@mcp-mtls/core'
import type { FastifyInstance } from 'fastify'
import { foldDeclared } from './route-pattern.js'

/** Options of the Fastify plugin: those of the guard, and which routes it guards. */
export interface McpMtlsOptions extends GuardOptions {
  /** Full patterns of the routes to guard, prefix included; default `/mcp`. */
  readonly path?: string | readonly string[]
  /**
   * Answer `/health` and `/ready`: as routes of the application, and, since probes have no certificate, over plain HTTP on
   * loopback at the server's port and 1000 more, or where this says. Default: neither.
   */
  readonly health?: true | HealthOptions
}

/** The routes one registration guards. */
export interface PathClaim {
  readonly paths: readonly string[]
  /** A number no other registration has. */
  readonly id: number
  /** Whether a route, by the pattern it was declared with, is among them in any spelling. */
  readonly covers: (url: string | undefined) => boolean
  /** Whether it is another registration of the application that answers for a route. */
  readonly isAnothers: (url: string | undefined) => boolean
  /** Notes that this registration answers for further routes, and lets everybody reach them. */
  readonly addOpen: (urls: readonly string[]) => void
}

const claims = new WeakMap<Server | object, Set<string>>()
let registrations = 0

/**
 * Notes that one registration guards some routes of an application, and numbers it.
 *
 * @throws {ConfigurationError} for a path that is no route pattern, or that another registration guards
 */
export function claimPaths(app: FastifyInstance, path: string | readonly string[]): PathClaim {
  const paths = typeof path === 'string' ? [path] : [...path]
  const claimed = claims.get(app.server) ?? new Set()
  claims.set(app.server, claimed)
  if (paths.length === 0) throw new ConfigurationError('`path` must name at least one route')
  for (const one of paths) claimPath(one, claimed)
  registrations += 1
  const covers = createCover(new Set(paths.flatMap(foldDeclared)))
  // All registrations have claimed theirs when the first request comes.
  const isClaimed = createCover(claimed)
  return Object.freeze({
    paths: Object.freeze(paths),
    id: registrations,
    covers,
    isAnothers: (url: string | undefined) => isClaimed(url) && !covers(url),
    addOpen: (urls: readonly string[]) => {
      for (const fold of urls.flatMap(foldDeclared)) claimed.add(fold)
    },
  })
}

function claimPath(path: unknown, claimed: Set<string>): void {
  if (typeof path !== 'string' || !/^[/*]/.test(path)) {
    throw new ConfigurationError('`path` must be route patterns such as "/mcp" or "/api/:team/mcp"')
  }
  for (const fold of foldDeclared(path)) {
    if (claimed.has(fold)) {
      throw new ConfigurationError(
        `${path} is guarded twice: give each registration of mcpMtls its own \`path\``,
      )
    }
    claimed.add(fold)
  }
}

function createCover(folds: ReadonlySet<string>): PathClaim['covers'] {
  const known = new Map<string, boolean>()
  return (url) => {
    // A request without a route is Fastify's to answer 404.
    if (url === undefined) return false
    const covered = known.get(url) ?? foldDeclared(url).some((fold) => folds.has(fold))
    known.set(url, covered)
    return covered
  }
}
