import { X509Certificate } from 'node:crypto'
import { CertificateError } from '../errors.js'
import { type Authority, findAuthority, findAuthorityByChain } from './authority.js'
import { parseCertificate } from './parse-certificate.js'
import type { PeerCertificate } from './peer-certificate.js'
import { keepPresented, presentedBy } from './presented-chain.js'
import { thumbprint } from './thumbprint.js'
import { readTlsPeer, type TlsPeer } from './tls-peer.js'
import { verifyValidity } from './validity.js'

/** Certificates followed upwards from the leaf; real chains have two or three. */
const maximumPresented = 8

/** How a peer is read. */
export interface ReadOptions {
  /** Milliseconds since the epoch; the present time unless given. */
  readonly now?: number
  /**
   * Follow the chain also where there is one authority only: for a connection whose handshake may have
   * been made against other authorities than these.
   */
  readonly followChain?: boolean
}

/**
 * Reads who is at the other end of a TLS socket: the one place where a connection becomes an
 * authenticated peer. All of it must hold: the socket is encrypted, it presents a certificate, OpenSSL
 * authorized it and reports no error beside that, it lies in its validity, it is a sound client
 * certificate (see {@link parseCertificate}), and one authority vouches for it (see
 * {@link findAuthority}).
 *
 * Not checked: revocation, which the TLS context does; without `followChain` and with one authority,
 * whether the server handed the socket's handshake to it; anything a policy asks.
 *
 * @throws {CertificateError} with the reason of the first thing that does not hold
 */
export function readPeerCertificate(
  socket: unknown,
  authorities: readonly Authority[],
  { now = Date.now(), followChain = false }: ReadOptions = {},
): PeerCertificate {
  const peer = readTlsPeer(socket)
  const leaf = readLeaf(peer)
  verifyAuthorized(peer)
  const parsed = parseCertificate(leaf.raw)
  verifyValidity(parsed, now)
  const { spiffeId } = parsed
  const presented = presentedBy(peer.socket, leaf, collectPresented)
  const find = followChain ? findAuthorityByChain : findAuthority
  const dnsNames = parsed.names.dns
  const authority = find({ leaf, presented, spiffeId, dnsNames, authorities, now })
  const certificate = Object.freeze({ ...parsed, authority })
  keepPresented(certificate, { leaf, presented, authorities })
  return certificate
}

/**
 * Verifies on a later request what may have changed since {@link readPeerCertificate}: the socket is
 * still authorized, the certificate still valid, and, below TLS 1.3, where a peer can renegotiate,
 * still the same. Reads no certificate on TLS 1.3.
 *
 * Not checked: revocation and authorities changed since; see `verifyStillVouched`.
 *
 * @throws {CertificateError} with reason `no-tls`, `no-certificate`, `not-authorized`, `expired`,
 * `not-yet-valid` or `certificate-changed`
 */
export function assertStillValid(socket: unknown, certificate: PeerCertificate, now: number): void {
  const peer = readTlsPeer(socket)
  verifyAuthorized(peer)
  verifyValidity(certificate, now)
  if (settled.get(peer.socket) === certificate) return
  if (peer.readProtocol() === 'TLSv1.3') settled.set(peer.socket, certificate)
  else verifySame(readLeaf(peer), certificate)
}

// What connections of TLS 1.3 presented: they cannot renegotiate, nor become another version.
const settled = new WeakMap<object, PeerCertificate>()

function readLeaf(peer: TlsPeer): X509Certificate {
  const leaf = peer.readCertificate()
  if (leaf instanceof X509Certificate) return leaf
  // Also a socket that is authorized without one, as a resumed TLS 1.3 session can be (nodejs/node#35317).
  throw new CertificateError('no-certificate', 'peer presented no certificate')
}

function verifyAuthorized({ authorized, authorizationError }: TlsPeer): void {
  if (authorized === true && (authorizationError === null || authorizationError === undefined)) {
    return
  }
  const code = authorizationError instanceof Error ? authorizationError.message : authorizationError
  throw new CertificateError(
    'not-authorized',
    `TLS did not authorize the certificate: ${code || 'no reason given'}`,
  )
}

function verifySame(leaf: X509Certificate, certificate: PeerCertificate): void {
  if (thumbprint(leaf.raw) === certificate.thumbprint) return
  throw new CertificateError(
    'certificate-changed',
    'connection presents another certificate than on its first request',
  )
}

/**
 * The peer can steer which certificates these links show (a decoy with an issuer's name is enough), so
 * they are candidates for a chain and never a chain.
 */
function collectPresented(leaf: X509Certificate): readonly X509Certificate[] {
  const presented: X509Certificate[] = []
  let next = leaf.issuerCertificate
  while (next !== undefined && presented.length < maximumPresented && !presented.includes(next)) {
    presented.push(next)
    next = next.issuerCertificate
  }
  return presented
}
