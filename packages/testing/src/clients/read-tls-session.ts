import { connect } from 'node:tls'
import type { ClientCertificate } from '../certificates.js'
import { legacyPost, message } from './messages.js'

/**
 * Sends one `ping` and returns what the client would offer to resume that TLS session. With TLS 1.3
 * the ticket arrives after the handshake, so the answer is awaited first.
 *
 * @throws {Error} if the server issues no ticket
 */
export function readTlsSession(url: string, certificate: ClientCertificate): Promise<Buffer> {
  const { hostname, port, pathname } = new URL(url)
  const { headers, body } = legacyPost(message('ping'))
  const head = Object.entries({ ...headers, host: `${hostname}:${port}` })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...certificate,
      host: hostname,
      port: Number(port),
      servername: 'localhost',
    })
    let session: Buffer | undefined
    socket.on('session', (ticket) => {
      session = ticket
    })
    socket.on('error', reject)
    socket.once('data', () => {
      socket.destroy()
      if (session === undefined) reject(new Error('the server issued no TLS session ticket'))
      else resolve(session)
    })
    socket.write(
      `POST ${pathname} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  })
}
