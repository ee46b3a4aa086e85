import type { IncomingMessage } from 'node:http'
import { CertificateError, RequestError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { chainOf, verifyStillVouched } from '../identity/presented-chain.js'
import { assertStillValid, readPeerCertificate } from '../identity/read-peer-certificate.js'
import { INTERNAL_ERROR } from '../mcp/json-rpc-error.js'
import type { TlsSource } from '../tls/tls-source.js'
import { type Connection, connectionOf } from './connection.js'

/** Who is at the other end of a request's connection. */
export interface Connections {
  /** Told of a connection whose handshake was good: it can lapse before its first request. */
  open(connection: Connection): void
  /**
   * The certificate of the connection: read from the handshake once; its validity, its authority and its
   * revocation are asked for every request.
   *
   * @throws {CertificateError} if the connection gives no identity, or no longer
   * @throws {RequestError} with status 503 if the connection's server is not attached to the TLS source
   */
  certificate(req: IncomingMessage): PeerCertificate
  /** Asks every connection that is open, one at a step: itself if its certificate no longer holds. */
  lapsed(): Iterable<Connection | undefined>
}

interface Known {
  readonly certificate: PeerCertificate
  readonly socket: unknown
  /** Of the trust material the certificate was last verified against. */
  epoch: number | undefined
  /** When that has to be asked again though nothing was replaced: a revocation list grows stale. */
  trustedUntil: number
}

// An application that owns its TLS has one pool of CA certificates; OpenSSL has checked the chain against it.
const ownAuthorities: readonly Authority[] = Object.freeze([
  Object.freeze({ name: 'default', anchors: [], trustDomains: [] }),
])

/** Remembers what each connection's handshake said, for as long as it is open. */
export function createConnections(tls: TlsSource | undefined): Connections {
  const known = new Map<Connection, Known>()

  function meet(connection: Connection): Known {
    if (tls && !tls.isAttached(connection)) throw unattached()
    const epoch = tls?.epoch
    const socket = connection.socket ?? connection
    // The handshake is no proof for authorities it was not made with.
    const followChain = tls !== undefined && tls.epochOf(connection) !== epoch
    const authorities = tls?.authorities ?? ownAuthorities
    const certificate = readPeerCertificate(socket, authorities, { followChain })
    const entry = { certificate, socket, epoch, trustedUntil: Number.NEGATIVE_INFINITY }
    known.set(connection, entry)
    connection.once('close', () => known.delete(connection))
    return entry
  }

  function verify(entry: Known, now: number): PeerCertificate {
    const { certificate, socket } = entry
    assertStillValid(socket, certificate, now)
    if (tls !== undefined) verifyTrust(tls, entry, now)
    return certificate
  }

  function isLapsed(entry: Known): boolean {
    try {
      verify(entry, Date.now())
      return false
    } catch (error) {
      return error instanceof CertificateError
    }
  }

  return Object.freeze({
    open(connection: Connection): void {
      try {
        if (!known.has(connection)) meet(connection)
      } catch {
        // Its first request is refused, and told why.
      }
    },
    certificate(req: IncomingMessage): PeerCertificate {
      const connection = connectionOf(req)
      return verify(known.get(connection) ?? meet(connection), Date.now())
    },
    *lapsed(): Generator<Connection | undefined> {
      for (const [connection, entry] of known) {
        yield isLapsed(entry) ? connection : undefined
      }
    },
  })
}

/** Asks the sources of trust again where they were replaced, or what they said has run out. */
function verifyTrust(tls: TlsSource, entry: Known, now: number): void {
  const { certificate } = entry
  const { epoch, authorities, revocation } = tls
  if (entry.epoch === epoch && now < entry.trustedUntil) return
  if (entry.epoch !== epoch) verifyStillVouched(certificate, { authorities, now })
  entry.trustedUntil = revocation.isEmpty
    ? Number.POSITIVE_INFINITY
    : revocation.verify(chainOf(certificate, now), now)
  entry.epoch = epoch
}

function unattached(): RequestError {
  return new RequestError(
    503,
    INTERNAL_ERROR,
    'the server of this connection is not attached to the TLS source: create it with tls.createServer() or pass it to tls.attach()',
  )
}
