import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { ConfigurationError, type Guard } from '@mcp-mtls/core'

const verbs = ['POST', 'GET', 'DELETE'] as const
// Long enough for a busy process; a handler that keeps a stream open never ends.
const patience = 5_000

/**
 * Hands one request without identity to a listening application for every verb, in process, and
 * closes the server unless the guard answered each.
 *
 * A verb the application has no route for is fine: it answers 404 or 405 itself. A handler beside the
 * guard that answers a stranger so is not told apart from that.
 *
 * @throws {ConfigurationError} if something else answered
 */
export async function verifyGuarded(guard: Guard, server: Server, path: string): Promise<void> {
  try {
    await guard.ready
    let guarded = 0
    for (const verb of verbs) guarded += (await probe(guard, { server, path, verb })) ? 1 : 0
    if (guarded === 0) throw bypassed(`no route ${path} passes through it`)
  } catch (error) {
    server.close()
    server.closeAllConnections()
    throw error
  }
}

/** True if the guard answered, false if the application has no such route. */
async function probe(
  guard: Guard,
  { server, path, verb }: { server: Server; path: string; verb: string },
): Promise<boolean> {
  const { req, res } = createExchange(verb, path)
  guard.expectProbe(req)
  server.emit('request', req, res)
  const ended = await endOf(res)
  if (guard.answered(res)) return true
  if (ended && (res.statusCode === 404 || res.statusCode === 405)) return false
  const answer = ended ? `answered ${res.statusCode}` : 'gave no answer'
  throw bypassed(`${verb} ${path} ${answer} without asking the guard`)
}

/** A request over a stream that leads nowhere, and so has no identity. */
function createExchange(verb: string, path: string): { req: IncomingMessage; res: ServerResponse } {
  const nowhere = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
  const req = new IncomingMessage(nowhere as Socket)
  req.method = verb
  req.url = path
  req.httpVersion = '1.1'
  const headers = { host: 'localhost', accept: 'application/json, text/event-stream' }
  Object.assign(req.headers, headers)
  req.rawHeaders.push(...Object.entries(headers).flat())
  req.push(null)
  const res = new ServerResponse(req)
  res.assignSocket(req.socket)
  return { req, res }
}

function endOf(res: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), patience)
    res.once('finish', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

function bypassed(what: string): ConfigurationError {
  return new ConfigurationError(
    `the MCP route is not guarded: ${what}. Mount the guard on the route itself, before the handler: app.all('/mcp', mcp, handler)`,
  )
}
