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

/**
 * Checks that a guard's hooks run on every route but the open ones, where the handshake lets peers without
 * a certificate in: of a registration below the root, those beside it know nothing.
 *
 * Not checked: handlers of paths without a route, which Fastify does not print.
 *
 * @throws {ConfigurationError} naming a route that would let everybody in
 */
export function checkOtherRoutes(app: FastifyInstance, open: readonly string[]): void {
  const opened = new Set(open.flatMap(foldDeclared))
  const bare = readPrintedRoutes(app.printRoutes({ includeHooks: true })).find(
    ({ pattern, hooks }) =>
      !opened.has(foldPrinted(pattern)) && !hooks.includes('"mcpMtls_authenticate_'),
  )
  if (bare === undefined) return
  throw new ConfigurationError(
    `route ${bare.methods} ${bare.pattern} would be open to peers without a certificate, whom the TLS source lets in: register mcpMtls on the root instance, or name the route in \`open\``,
  )
}
