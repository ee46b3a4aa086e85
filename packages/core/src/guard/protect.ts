import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Call, GuardContext } from './context.js'
import { serveMetadata } from './metadata.js'

/** What `node:http`, `node:https` and `node:http2` servers take as their listener. */
export type GuardedListener = (
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
) => void

/** A handler behind the guard; `body` is the object the guard decided on, undefined for GET and DELETE. */
export type ProtectedHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  body: unknown,
) => void | Promise<void>

type Admit = (req: IncomingMessage, res: ServerResponse) => Promise<Call | undefined>

/** Puts a guard's `admit` in front of a handler, and serves the metadata OAuth clients look for. An error of the handler is logged and answered 500. */
export function protect(
  context: GuardContext,
  admit: Admit,
  handler: ProtectedHandler,
): GuardedListener {
  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (serveMetadata(context, req, res)) return
    const call = await admit(req, res)
    if (call === undefined) return
    try {
      await handler(req, res, call.body)
    } catch (error) {
      context.logger.error({ err: error }, 'mcp-mtls: the guarded handler failed')
      context.fail(res)
    }
  }
  // The compatibility API of node:http2 stands in for node:http's objects; TypeScript knows them as different types.
  return (req, res) => void serve(req as IncomingMessage, res as ServerResponse)
}
