import type { Socket } from 'node:net'
import type { Server, TLSSocket, TlsOptions } from 'node:tls'
import { ConfigurationError } from '../errors.js'
import {
  type HandshakeRefusal,
  type PeerAddress,
  type RefusalNames,
  readPeerAddress,
  readRefusalReason,
  readTransport,
  toHint,
} from './handshake-refusal.js'

/** What a source lends to the servers attached to it. */
export interface Attachment {
  readonly options: TlsOptions
  /** Filled with attached servers, their sockets and their HTTP/2 sessions. */
  readonly connections: WeakSet<object>
  readonly names: RefusalNames
  readonly refuse: (refusal: HandshakeRefusal) => void
}

const owners = new WeakMap<Server, Attachment>()
const noCertificateAfterAll = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'

/**
 * Gives a server the secure context of a source, once, makes its connections known to the source,
 * ends those without a verified client certificate, and reports handshakes that fail.
 *
 * A connection that ends before it sends a byte is not reported: load balancers and port scanners
 * open one every few seconds.
 *
 * Not checked: an `SNICallback` or `addContext` of the application; the certificate chain is
 * verified again where the identity is read.
 *
 * @throws {ConfigurationError} if the server does not verify clients, has fixed ticket keys, or belongs to another source
 */
export function attachServer(server: Server, attachment: Attachment): void {
  const owner = owners.get(server)
  if (owner === attachment) return
  if (owner !== undefined) {
    throw new ConfigurationError('attach: the server is attached to another TLS source.')
  }
  checkServer(server)
  server.setSecureContext(attachment.options)
  owners.set(server, attachment)
  attachment.connections.add(server)
  trackConnections(server, attachment)
}

function trackConnections(server: Server, attachment: Attachment): void {
  const addresses = new WeakMap<object, PeerAddress>()
  const refuse = (reason: string, socket: TLSSocket, hint: string) => {
    const transport = readTransport(socket)
    const address = transport === undefined ? undefined : addresses.get(transport)
    attachment.refuse(Object.freeze({ reason, hint, ...(address ?? readPeerAddress(socket)) }))
  }
  server.prependListener('connection', (socket: Socket) => {
    addresses.set(socket, readPeerAddress(socket))
  })
  server.prependListener('session', (session: object) => {
    attachment.connections.add(session)
  })
  gateConnections(server, (socket) => {
    if (!isVerified(socket)) {
      // Node before 24.21 can resume a session that never held a certificate as an authorized one.
      refuse(
        noCertificateAfterAll,
        socket,
        'a resumed session carries no verified client certificate',
      )
      socket.destroy()
      return false
    }
    attachment.connections.add(socket)
    destroyOnRenegotiation(socket)
    return true
  })
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    if (readTransport(socket)?.bytesRead === 0) return
    const reason = readRefusalReason(error, socket)
    refuse(reason, socket, toHint(reason, attachment.names))
  })
}

function checkServer(server: Server): void {
  const requested: unknown = Reflect.get(server, 'requestCert')
  const rejecting: unknown = Reflect.get(server, 'rejectUnauthorized')
  if (requested !== true || rejecting !== true) {
    throw new ConfigurationError(
      'attach: the server does not verify client certificates; create it with the options of the source, as in https.createServer(tls.options, listener).',
    )
  }
  const ticketKeys: unknown = Reflect.get(server, 'ticketKeys')
  if (ticketKeys !== undefined) {
    throw new ConfigurationError(
      'attach: the server has fixed ticketKeys, which let a session outlive the CA that vouched for it; leave them out.',
    )
  }
}

/**
 * Puts a gate before the listeners that hand connections to HTTP. To destroy a socket beside them
 * would be too late: HTTP/2 answers what came along with the handshake at once.
 */
function gateConnections(server: Server, admit: (socket: TLSSocket) => boolean): void {
  const handlers = server.rawListeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (!admit(socket)) return
    for (const handler of handlers) Reflect.apply(handler, server, [socket])
  })
}

/**
 * A second 'secure' is a renegotiation, which may have changed the certificate. The first has been
 * emitted when a server reports the connection.
 */
function destroyOnRenegotiation(socket: TLSSocket): void {
  socket.on('secure', function endRenegotiatedConnection() {
    socket.destroy()
  })
}

function isVerified(socket: TLSSocket): boolean {
  const verdict: unknown = socket.authorizationError
  return (
    socket.authorized === true &&
    (verdict === null || verdict === undefined) &&
    holdsCertificate(socket)
  )
}

/**
 * Not by `getPeerX509Certificate`: on Node 20 and 22 its first call takes the intermediates out of the
 * connection, and whoever reads the identity later would not find them.
 */
function holdsCertificate(socket: TLSSocket): boolean {
  try {
    const certificate: unknown = socket.getPeerCertificate()
    return typeof certificate === 'object' && certificate !== null && 'raw' in certificate
  } catch {
    return false
  }
}
