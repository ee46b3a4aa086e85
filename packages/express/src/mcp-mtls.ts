import type { Server } from 'node:http'
import { correctQuery, createGuard, type GuardOptions, type Principal } from '@mcp-mtls/core'
import type { Request, RequestHandler } from 'express'
import { verifyGuarded } from './verify.js'

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

  return Object.assign(middleware, {
    ready: () => guard.ready,
    verify: (server: Server, path: string) =>
      verifyGuarded(guard, { server, path, tls: options.tls }),
    close: () => guard.close(),
  })
}
