import { createGuard } from '@mcp-mtls/core'
import { respond } from '../work.js'

/** Plain Node; unguarded it reads and parses the body in the shortest way there is. */
export async function serveNode({ tls, work, options, extra }) {
  if (options === undefined)
    return tls.createServer((req, res) => readJson(req, (body) => respond(res, work, body)))
  const guard = createGuard({ ...options, tls })
  await guard.ready
  return tls.createServer(
    guard.protect((_req, res, body) => {
      if (extra === 'session') res.setHeader('mcp-session-id', 'a-session')
      respond(res, work, body)
    }),
  )
}

/** Reads and parses a body, in the shortest way there is. */
export function readJson(req, use) {
  const chunks = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => use(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
}
