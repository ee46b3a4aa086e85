import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { CertificateError } from '../errors.js'
import type { Revocation } from './revocation.js'

/** Why a connection is ended although its handshake was good. */
export interface GateRefusal {
  /** In OpenSSL's words. */
  readonly reason: string
  readonly hint: string
}

/** Certificates followed upwards from the leaf; real chains have two or three. */
const maximumChain = 8

/** Whether the certificate of a connection whose handshake was good, by a resumed session say, is past its time. */
export function findExpired(socket: TLSSocket, now: number): GateRefusal | undefined {
  const { valid_to: notAfter } = socket.getPeerCertificate()
  if (now <= Date.parse(notAfter)) return undefined
  return {
    reason: 'CERT_HAS_EXPIRED',
    hint: `a resumed session: its certificate was valid until ${notAfter}`,
  }
}

/**
 * Whether a connection whose handshake was good must be ended, since its certificate is revoked or nobody
 * can tell. OpenSSL does not ask this of a resumed session, nor where it has not all CRLs.
 */
export function findRevoked(
  socket: TLSSocket,
  revocation: Revocation,
  now: number,
): GateRefusal | undefined {
  if (revocation.isEmpty) return undefined
  try {
    revocation.verify(readChain(socket), now)
    return undefined
  } catch (error) {
    const reason = error instanceof CertificateError ? reasons.get(error.reason) : undefined
    return {
      reason: reason ?? 'CERT_REJECTED',
      hint: error instanceof Error ? error.message : 'the certificate cannot be read',
    }
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['revoked', 'CERT_REVOKED'],
  ['revocation-unknown', 'UNABLE_TO_GET_CRL'],
])

/**
 * Not by `getPeerX509Certificate`: on Node 20 and 22 its first call takes the intermediates out of the
 * connection, and whoever reads the identity later would not find them.
 */
function readChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let next: unknown = socket.getPeerCertificate(true)
  while (chain.length < maximumChain && typeof next === 'object' && next !== null) {
    const raw: unknown = Reflect.get(next, 'raw')
    if (!(raw instanceof Uint8Array)) break
    chain.push(new X509Certificate(raw))
    const issuer: unknown = Reflect.get(next, 'issuerCertificate')
    // A self-signed certificate is its own issuer.
    next = issuer === next ? undefined : issuer
  }
  return chain
}
