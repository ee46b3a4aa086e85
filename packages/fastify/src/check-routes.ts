import { ConfigurationError } from '@mcp-mtls/core'
import type { FastifyInstance } from 'fastify'
import { readPrintedRoutes } from './printed-routes.js'
import { foldDeclared, foldPrinted } from './route-pattern.js'

/**
 * Checks, as Fastify itself reports it, that every method of every guarded path runs our hooks,
 * whatever spelling of the path the route was declared with.
 *
 * @throws {ConfigurationError} naming the route without them, or a guarded path that has no route
 */
export function checkRoutes(
  app: FastifyInstance,
  paths: readonly string[],
  hooks: readonly string[],
): void {
  const routes = readPrintedRoutes(app.printRoutes({ includeHooks: true }))
  for (const path of paths) {
    const folds = foldDeclared(path)
    const guarded = routes.filter((route) => folds.includes(foldPrinted(route.pattern)))
    if (guarded.length === 0) {
      throw new ConfigurationError(
        `mcpMtls guards ${path}, but no such route exists: give \`path\` the route's full pattern, prefix included`,
      )
    }
    const bare = guarded.find(
      (route) => !hooks.every((hook) => route.hooks.includes(`"${hook}()"`)),
    )
    if (bare) {
      throw new ConfigurationError(
        `route ${bare.methods} ${bare.pattern} is not guarded, because mcpMtls was registered beside or below it: register mcpMtls on the parent of the route's plugin`,
      )
    }
  }
}
