import { connect } from 'node:tls'
import type { ClientCredentials } from '../certificates.js'

/** Writes `bytes` to one TLS connection in one go and returns everything the server sends until it closes. */
export function rawExchange(
  url: string,
  options: { readonly certificate: ClientCredentials; readonly bytes: string },
): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...options.certificate,
      host: hostname,
      port: Number(port),
      servername: 'localhost',
    })
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.write(options.bytes)
  })
}
