import { CertificateError } from '../errors.js'

/** What a TLS socket says about its peer, read once; all of it still to be judged. */
export interface TlsPeer {
  /** What was read. */
  readonly socket: object
  readonly authorized: unknown
  readonly authorizationError: unknown
  /** `TLSv1.3`, or an older version, or whatever else the socket answers. */
  readonly readProtocol: () => unknown
  readonly readCertificate: () => unknown
}

/** The members read here. Not the `in` operator: the proxies of node:http2 answer reads only. */
interface TlsSocketLike {
  readonly encrypted?: unknown
  readonly authorized?: unknown
  readonly authorizationError?: unknown
  readonly getProtocol?: unknown
  readonly getPeerX509Certificate?: unknown
}

/**
 * Reads a TLS socket, or what stands for one: over HTTP/2 `req.socket` is a proxy, so `instanceof`
 * would not tell more than its members do.
 *
 * @throws {CertificateError} with reason `no-tls` for a plain connection, an injected request, a closed
 * stream and anything else
 */
export function readTlsPeer(socket: unknown): TlsPeer {
  const peer = attempt(() => (isObject(socket) ? toTlsPeer(socket) : undefined))
  if (peer === undefined) throw noTls()
  return peer
}

function toTlsPeer(socket: TlsSocketLike): TlsPeer | undefined {
  const { encrypted, authorized, authorizationError, getProtocol, getPeerX509Certificate } = socket
  if (encrypted !== true) return undefined
  if (typeof getProtocol !== 'function' || typeof getPeerX509Certificate !== 'function') {
    return undefined
  }
  return {
    socket,
    authorized,
    authorizationError,
    readProtocol: () => attempt(() => Reflect.apply(getProtocol, socket, [])),
    readCertificate: () => attempt(() => Reflect.apply(getPeerX509Certificate, socket, [])),
  }
}

function isObject(value: unknown): value is TlsSocketLike {
  return typeof value === 'object' && value !== null
}

/** The proxy of a closed HTTP/2 session throws on access. */
function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw noTls(cause)
  }
}

function noTls(cause?: unknown): CertificateError {
  return new CertificateError('no-tls', 'connection is not a TLS connection', { cause })
}
