import { CertificateError } from '../errors.js'

/** Whether the peer of a connection holds a certificate at all, good or bad. */
export type PeerPresence = 'none' | 'presented'

/**
 * Reads whether the peer at the other end of a TLS socket presented a certificate, and nothing about
 * its worth. A resumed session that Node calls authorized although it never held one is `'none'`
 * (nodejs/node#35317).
 *
 * Takes nothing from the connection: `getPeerX509Certificate` would on Node 20 and 22, where its first
 * call empties the list of intermediates that `readPeerCertificate` needs.
 *
 * @throws {CertificateError} with reason `no-tls` for a plain connection, a closed stream and anything else
 */
export function readPeerPresence(socket: unknown): PeerPresence {
  const certificate = readCertificate(socket)
  if (typeof certificate !== 'object' || certificate === null) return 'none'
  return Reflect.get(certificate, 'raw') instanceof Uint8Array ? 'presented' : 'none'
}

function readCertificate(socket: unknown): unknown {
  try {
    if (
      typeof socket === 'object' &&
      socket !== null &&
      Reflect.get(socket, 'encrypted') === true
    ) {
      // Not the `in` operator nor `instanceof`: the proxies of node:http2 answer reads only.
      const read: unknown = Reflect.get(socket, 'getPeerCertificate')
      if (typeof read === 'function') return Reflect.apply(read, socket, [])
    }
  } catch (cause) {
    throw noTls(cause)
  }
  throw noTls()
}

function noTls(cause?: unknown): CertificateError {
  return new CertificateError('no-tls', 'connection is not a TLS connection', { cause })
}
