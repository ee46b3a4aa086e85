import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { readPeerPresence } from '../identity/read-peer-presence.js'
import type { ClientCertificateMode } from './file-options.js'
import { findExpired, findRevoked, type GateRefusal } from './gate.js'
import {
  type HandshakeRefusal,
  type PeerAddress,
  type RefusalNames,
  readPeerAddress,
  readRefusalReason,
  readTransport,
  toHint,
} from './handshake-refusal.js'
import type { TlsConnection } from './listeners.js'
import type { Revocation } from './revocation.js'

/** What is recorded of connections, and who is told of those that fail. */
export interface ConnectionRecord {
  readonly clientCertificate: ClientCertificateMode
  readonly names: RefusalNames
  readonly refuse: (refusal: HandshakeRefusal) => void
  readonly admitted: (connection: TlsConnection) => void
  /** CRLs and deny list in force now. */
  readonly revocation: () => Revocation
  /** The epoch in force now. */
  readonly epoch: () => number
  /** Filled with TLS sockets and HTTP/2 sessions, and the epoch of their handshake's context. */
  readonly epochs: WeakMap<object, number>
}

/** What is known of a connection from its first moment. */
interface Arrival {
  readonly address: PeerAddress
  readonly epoch: number
}

/** Of a connection whose first moment was missed: older than every other. */
const unknownEpoch = -1
const noCertificateAfterAll = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'

/** Records the connections of a server and gates them; see `attachServer`. */
export function trackConnections(server: Server, record: ConnectionRecord): void {
  const arrivals = new WeakMap<object, Arrival>()
  const arrivalOf = (socket: TLSSocket): Arrival | undefined => {
    const transport = readTransport(socket)
    return transport && arrivals.get(transport)
  }
  const refuse = (reason: string, socket: TLSSocket, hint: string) => {
    const address = arrivalOf(socket)?.address ?? readPeerAddress(socket)
    record.refuse(Object.freeze({ reason, hint, ...address }))
  }
  // Node takes the context for a handshake in the listener that follows this one.
  server.prependListener('connection', (socket: Socket) => {
    arrivals.set(socket, { address: readPeerAddress(socket), epoch: record.epoch() })
  })
  trackAdmitted(server, record, (socket) => {
    const refusal =
      record.clientCertificate === 'request' ? undefined : findRefusal(socket, record.revocation())
    if (refusal === undefined) return arrivalOf(socket)?.epoch ?? unknownEpoch
    refuse(refusal.reason, socket, refusal.hint)
    socket.destroy()
    return undefined
  })
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    if (readTransport(socket)?.bytesRead === 0) return
    const reason = readRefusalReason(error, socket)
    refuse(reason, socket, toHint(reason, record.names))
  })
}

/**
 * What a resumed session may hide: OpenSSL does not ask again whether its certificate has expired, and Node
 * before 24.21 can resume one that never held a certificate as an authorized one.
 */
function findRefusal(socket: TLSSocket, revocation: Revocation): GateRefusal | undefined {
  if (!isVerified(socket)) {
    return {
      reason: noCertificateAfterAll,
      hint: 'a resumed session carries no verified client certificate',
    }
  }
  const now = Date.now()
  return findExpired(socket, now) ?? findRevoked(socket, revocation, now)
}

function trackAdmitted(
  server: Server,
  { epochs, admitted }: ConnectionRecord,
  admit: (socket: TLSSocket) => number | undefined,
): void {
  let handedOn = unknownEpoch
  let session: ServerHttp2Session | undefined
  // Emitted while the listener is called that the socket is handed to.
  server.prependListener('session', (made: ServerHttp2Session) => {
    session = made
    epochs.set(made, handedOn)
  })
  gateConnections(server, (socket, handOn) => {
    const epoch = admit(socket)
    if (epoch === undefined) return
    epochs.set(socket, epoch)
    destroyOnRenegotiation(socket)
    handedOn = epoch
    session = undefined
    try {
      handOn()
      admitted(session ?? socket)
    } finally {
      handedOn = unknownEpoch
    }
  })
}

/**
 * Puts a gate before the listeners that hand connections to HTTP. To destroy a socket beside them
 * would be too late: HTTP/2 answers what came along with the handshake at once.
 */
function gateConnections(
  server: Server,
  admit: (socket: TLSSocket, handOn: () => void) => void,
): void {
  const handlers = server.rawListeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    admit(socket, () => {
      for (const handler of handlers) Reflect.apply(handler, server, [socket])
    })
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

function holdsCertificate(socket: TLSSocket): boolean {
  try {
    return readPeerPresence(socket) === 'presented'
  } catch {
    return false
  }
}
