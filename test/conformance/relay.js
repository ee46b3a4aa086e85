import { createServer } from 'node:http'
import { request } from 'node:https'

/**
 * Lends a client certificate to a program that cannot present one: plain HTTP on one side, mutual
 * TLS on the other. Headers pass unchanged, `Host` among them: whether a foreign one is refused is
 * for the server behind to say.
 */
export function createRelay({ ca, cert, key }) {
  let port
  const server = createServer((req, res) => {
    const { method, url: path, rawHeaders: headers } = req
    const target = { host: 'localhost', port, servername: 'localhost', ca, cert, key, agent: false }
    const forwarded = request({ ...target, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode, answer.rawHeaders)
      res.flushHeaders()
      answer.pipe(res)
      answer.once('error', () => res.destroy())
    })
    forwarded.once('error', () => res.destroy())
    res.once('close', () => forwarded.destroy())
    req.pipe(forwarded)
  })
  return {
    server,
    forwardTo: (to) => {
      port = to
    },
  }
}
