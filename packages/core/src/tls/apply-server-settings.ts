import type { Server } from 'node:https'
import { ConfigurationError } from '../errors.js'

/** Options Fastify would have used to build a server of another kind. */
const otherServers = ['http', 'https', 'http2']

/**
 * Applies the settings Fastify hands to a `serverFactory` the way it applies them to a server of its
 * own, so that none of its options is lost.
 *
 * @throws {ConfigurationError} for `http`, `https` and `http2`, which need a server the application builds
 */
export function applyServerSettings(server: Server, settings: unknown): void {
  if (typeof settings !== 'object' || settings === null) return
  const read = (name: string): number | undefined => {
    const value: unknown = Reflect.get(settings, name)
    return typeof value === 'number' ? value : undefined
  }
  refuseOtherServers(settings)
  server.keepAliveTimeout = read('keepAliveTimeout') ?? server.keepAliveTimeout
  server.requestTimeout = read('requestTimeout') ?? server.requestTimeout
  server.setTimeout(read('connectionTimeout') ?? server.timeout)
  // Fastify's zero stands for Node's default.
  const perSocket = read('maxRequestsPerSocket') ?? 0
  if (perSocket > 0) server.maxRequestsPerSocket = perSocket
}

function refuseOtherServers(settings: object): void {
  const name = otherServers.find((option) => isPresent(Reflect.get(settings, option)))
  if (name === undefined) return
  throw new ConfigurationError(
    `createServer: the option "${name}" would be lost. Build the server and attach it: serverFactory: (handler) => tls.attach(${example(name)}).`,
  )
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false
}

function example(name: string): string {
  return name === 'http2'
    ? 'http2.createSecureServer({ ...tls.options, allowHTTP1: true }, handler)'
    : 'https.createServer({ ...tls.options, maxHeaderSize }, handler)'
}
