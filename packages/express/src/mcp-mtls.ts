import type { Server } from 'node:http'
import {
  correctQuery,
  createGuard,
  type GuardOptions,
  type HealthOptions,
  type Principal,
} from '@mcp-mtls/core'
import type { Request, RequestHandler } from 'express'
import { servesMetadata, verifyGuarded } from './verify.js'

declare global {
  namespace Express {
    interface Request {
      /** Who is calling; set by the guard. */
      principal?: Principal
    }
  }
}

/** Options of the Express middleware: those of the guard. */
export type McpMtlsOptions = GuardOptions

/** The middleware, and what it knows about itself. One instance may be mounted on several routes. */
export interface McpMtls extends RequestHandler {
  /** Resolves when the policy is loaded; rejects with what is wrong. */
  ready(): Promise<void>
  /** Serves the metadata OAuth clients look for (RFC 9728); mount it at the root: `app.use(mcp.metadata)`. */
  readonly metadata: RequestHandler
  /**
   * Answers `/health` and `/ready`; mount it at the root: `app.use(mcp.health)`. Probes have no certificate, so
   * `mcp.health.listen(server)` answers them over plain HTTP on loopback too, at the server's port and 1000 more.
   */
  readonly health: RequestHandler & {
    /** @throws {ConfigurationError} if the server does not listen yet, or the port cannot be had */
    listen(server: Server, options?: HealthOptions): Promise<Server>
  }
  /**
   * Refuses peers without an authenticated certificate on every route but the `open` ones and those given, which the guard
   * itself stands before; for a TLS source with `clientCertificate: 'request'`. Mount it first: `app.use(mcp.required('/mcp'))`.
   */
  required(...guarded: readonly string[]): RequestHandler
  /**
   * Sends one request without identity through the listening application for every verb MCP uses, and
   * closes the server unless this guard answered. `path` may be a whole URL, for an application that
   * checks `Host`.
   *
   * @throws {ConfigurationError} after closing the server, naming what answered instead, or why the
   *   server can know no caller
   */
  verify(server: Server, path: string): Promise<void>
  /** Ends guarded streams; later requests are answered 503. */
  close(): Promise<void>
}

/**
 * Guards an MCP route of an Express 4 or 5 application: `app.all('/mcp', mcpMtls({ tls, policy }), handler)`.
 * Mount it before `express.json()`: it reads the body itself, after it knows the caller.
 *
 * @throws {ConfigurationError} for a wrong option; a policy that cannot be used rejects `ready()`
 */
export function mcpMtls(options: McpMtlsOptions): McpMtls {
  const guard = createGuard(options, 'an Express route')
  const middleware: RequestHandler = function mcpMtlsGuard(req, res, next) {
    admit(req, res).then((admitted) => {
      if (admitted) next()
    }, next)
  }

  async function admit(req: Request, res: Parameters<RequestHandler>[1]): Promise<boolean> {
    const call = await guard.admit(req, res)
    if (call === undefined) return false
    req.principal = call.principal
    // Express 5 parses the query whenever it is asked for, from the URL the guard has rewritten.
    if (Object.hasOwn(req, 'query')) req.query = correctQuery(req.query, call)
    if (req.method === 'POST') req.body = call.body
    return true
  }

  let requires = options.tls?.clientCertificate !== 'request'
  // Only on the way of who asks: a rejection nobody asked about has to stay unhandled, and end the process.
  const ready = async (): Promise<void> => {
    await guard.ready
    if (!requires) warn(options, strangers)
  }

  return Object.assign(middleware, {
    ready,
    metadata: ((req, res, next) => {
      if (!guard.serveMetadata(req, res)) next()
    }) satisfies RequestHandler,
    health: Object.assign(
      ((req, res, next) => {
        if (!guard.health.serve(req, res)) next()
      }) satisfies RequestHandler,
      { listen: guard.health.listen },
    ),
    required: (...guarded: readonly string[]): RequestHandler => {
      requires = true
      return (req, res, next) => {
        if (guarded.includes(req.path) || guard.requireCertificate(req, res, req.path)) next()
      }
    },
    verify: async (server: Server, path: string): Promise<void> => {
      await verifyGuarded(guard, { server, path, tls: options.tls })
      if (!requires) warn(options, strangers)
      if (!(await servesMetadata(guard, server))) warn(options, unserved)
    },
    close: () => guard.close(),
  })
}

const strangers =
  "mcp-mtls: the TLS source lets peers without a certificate in, and nothing refuses them on the other routes of this application: add app.use(mcp.required('/mcp')) before them"

const unserved =
  'mcp-mtls: OAuth clients will not find the metadata of this resource: add app.use(mcp.metadata) at the root of the application'

function warn({ logger }: McpMtlsOptions, message: string): void {
  if (logger) logger.warn({}, message)
  else process.emitWarning(message)
}
