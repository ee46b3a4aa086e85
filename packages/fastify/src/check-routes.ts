import { ConfigurationError } from '@mcp-mtls/core'
import type { FastifyInstance } from 'fastify'

/**
 * Checks, as Fastify itself reports it, that every method of every guarded path runs our hooks.
 *
 * @throws {ConfigurationError} naming the route without them, or a guarded path that has no route
 */
export function checkRoutes(
  app: FastifyInstance,
  paths: readonly string[],
  hooks: readonly string[],
): void {
  const routes = readRoutes(app.printRoutes({ includeHooks: true, commonPrefix: false }))
  for (const path of paths) {
    const guarded = routes.filter((route) => route.url === path)
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
        `route ${bare.methods} ${path} is not guarded, because mcpMtls was registered beside or below it: register mcpMtls on the parent of the route's plugin`,
      )
    }
  }
}

interface PrintedRoute {
  readonly url: string
  readonly methods: string
  readonly hooks: string
}

// A route is printed as `├── /mcp (GET, POST)`, its hooks below it as `│   • (onRequest) ["name()"]`.
const routeLine = /^[│├└─ ]*(?<url>.*) \((?<methods>[A-Z, -]+)\)/
const hookLine = /^[│├└─ ]*• \([A-Za-z]+\) (?<names>\[.*\])$/

function readRoutes(tree: string): readonly PrintedRoute[] {
  const routes: { url: string; methods: string; hooks: string }[] = []
  for (const line of tree.split('\n')) {
    const hook = hookLine.exec(line)?.groups
    const route = hook ? undefined : routeLine.exec(line)?.groups
    const last = routes.at(-1)
    if (hook && last) last.hooks += hook['names']
    else if (route)
      routes.push({ url: route['url'] ?? '', methods: route['methods'] ?? '', hooks: '' })
  }
  return routes
}
