import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { Server as TlsServer } from 'node:tls'
import { ConfigurationError, type Guard, type TlsSource } from '@mcp-mtls/core'

const verbs = ['POST', 'GET', 'DELETE'] as const
// Long enough for a busy process; a handler that keeps a stream open never ends.
const patience = 5_000

/** What is verified: an application behind a server, and where that server's TLS comes from. */
interface Subject {
  readonly server: Server
  /** A path, or a whole URL where the application checks `Host`. */
  readonly path: string
  readonly tls: TlsSource | undefined
}

/**
 * Checks that the server can know its callers, hands one request without identity to the application
 * for every verb, in process, and closes the server unless the guard answered each.
 *
 * A verb the application has no route for is fine: it answers 404 or 405 itself. A handler beside the
 * guard that answers a stranger so is not told apart from that.
 *
 * @throws {ConfigurationError} if something else answered, or the server has no TLS or another's
 */
export async function verifyGuarded(guard: Guard, subject: Subject): Promise<void> {
  try {
    checkServer(subject)
    await guard.ready
    let guarded = 0
    for (const verb of verbs) guarded += (await probe(guard, subject, verb)) ? 1 : 0
    if (guarded === 0) throw bypassed(`no route ${subject.path} passes through it`)
  } catch (error) {
    subject.server.close()
    subject.server.closeAllConnections()
    throw error
  }
}

/** Whether the application serves the metadata OAuth clients look for, where the guard has any. */
export async function servesMetadata(
  { metadataPaths: [path] }: Pick<Guard, 'metadataPaths'>,
  server: Server,
): Promise<boolean> {
  if (path === undefined) return true
  const { req, res } = createExchange('GET', new URL(path, 'https://localhost'))
  server.emit('request', req, res)
  return (await endOf(res)) && res.statusCode === 200
}

function checkServer({ server, tls }: Subject): void {
  if (tls ? tls.isAttached(server) : server instanceof TlsServer) return
  throw new ConfigurationError(
    tls
      ? 'this server does not use the TLS source: create it with tls.createServer(app)'
      : 'this server has no TLS, so no caller can be known: pass `tls: await tlsFromFiles({ cert, key, ca })` to mcpMtls and create it with tls.createServer(app)',
  )
}

/** True if the guard answered, false if the application has no such route. */
async function probe(guard: Guard, { server, path }: Subject, verb: string): Promise<boolean> {
  const { req, res } = createExchange(verb, new URL(path, 'https://localhost'))
  guard.expectProbe(req)
  server.emit('request', req, res)
  const ended = await endOf(res)
  if (guard.answered(res)) return true
  if (ended && (res.statusCode === 404 || res.statusCode === 405)) return false
  const answer = ended ? `answered ${res.statusCode}` : 'gave no answer'
  const advice = res.statusCode === 403 ? '; if it checks Host, give verify the whole URL' : ''
  throw bypassed(`${verb} ${path} ${answer} without asking the guard${advice}`)
}

/** A request over a stream that leads nowhere, and so has no identity. */
function createExchange(verb: string, url: URL): { req: IncomingMessage; res: ServerResponse } {
  const nowhere = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
  const req = new IncomingMessage(nowhere as Socket)
  req.method = verb
  req.url = `${url.pathname}${url.search}`
  req.httpVersion = '1.1'
  const headers = { host: url.host, accept: 'application/json, text/event-stream' }
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
