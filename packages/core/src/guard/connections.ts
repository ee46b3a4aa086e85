import type { IncomingMessage } from 'node:http'
import { RequestError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { assertStillValid, readPeerCertificate } from '../identity/read-peer-certificate.js'
import { INTERNAL_ERROR } from '../mcp/json-rpc-error.js'
import type { Policy } from '../policy/policy.js'
import { createPrincipal, type Principal } from '../policy/principal.js'
import type { TlsSource } from '../tls/tls-source.js'

/** Who is at the other end of a request's connection. */
export interface Connections {
  /**
   * The principal of the connection: the certificate is read from the handshake once, its roles once
   * for every policy snapshot, its validity for every request.
   *
   * @throws {CertificateError} if the connection gives no identity, or no longer
   * @throws {RequestError} with status 503 if the connection's server is not attached to the TLS source
   */
  principal(req: IncomingMessage, policy: Policy): Principal
  /** The same principal with the roles another policy gives it. */
  reassign(principal: Principal, policy: Policy): Principal
}

interface Known {
  readonly certificate: PeerCertificate
  policy: Policy
  principal: Principal
}

// An application that owns its TLS has one pool of CA certificates; OpenSSL has checked the chain against it.
const ownAuthority: Authority = Object.freeze({ name: 'default', anchors: [], trustDomains: [] })

/** Remembers what each connection's handshake said. */
export function createConnections(
  tls: TlsSource | undefined,
  kinds: readonly IdentityKind[],
): Connections {
  const known = new WeakMap<object, Known>()
  const authorities = (): readonly Authority[] => tls?.authorities ?? [ownAuthority]

  function meet(connection: object, socket: unknown, policy: Policy): Known {
    if (tls && !tls.isAttached(connection)) throw unattached()
    const certificate = readPeerCertificate(socket, authorities())
    const entry = { certificate, policy, principal: createPrincipal(policy, certificate, kinds) }
    known.set(connection, entry)
    return entry
  }

  return Object.freeze({
    principal(req: IncomingMessage, policy: Policy): Principal {
      const connection = connectionOf(req)
      const entry = known.get(connection) ?? meet(connection, req.socket, policy)
      assertStillValid(req.socket, entry.certificate, Date.now())
      if (entry.policy !== policy) {
        entry.principal = createPrincipal(policy, entry.certificate, kinds)
        entry.policy = policy
      }
      return entry.principal
    },
    reassign: ({ certificate }: Principal, policy: Policy) =>
      createPrincipal(policy, certificate, kinds),
  })
}

/** The object that stands for a request's connection: over HTTP/2 `req.socket` is a proxy, the session is not. */
function connectionOf(req: IncomingMessage & { stream?: { session?: object } }): object {
  return req.stream?.session ?? req.socket
}

function unattached(): RequestError {
  return new RequestError(
    503,
    INTERNAL_ERROR,
    'the server of this connection is not attached to the TLS source: create it with tls.createServer() or pass it to tls.attach()',
  )
}
