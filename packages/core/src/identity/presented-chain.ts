import { X509Certificate } from 'node:crypto'
import { CertificateError } from '../errors.js'
import {
  type Authority,
  type AuthorityQuestion,
  findAuthority,
  findAuthorityByChain,
  findChain,
} from './authority.js'
import type { PeerCertificate } from './peer-certificate.js'
import { thumbprint } from './thumbprint.js'

/** What a connection presented, and the authorities it was last found good by. */
interface Presented {
  readonly leaf: X509Certificate
  readonly presented: readonly X509Certificate[]
  readonly authorities: readonly Authority[]
}

/** As bytes: a tenth of what the objects hold, and a connection may be idle for days. */
interface Kept {
  readonly leaf: Buffer
  readonly presented: readonly Buffer[]
  readonly authorities: readonly Authority[]
}

const keptOf = new WeakMap<PeerCertificate, Kept>()
const toldBy = new WeakMap<object, Omit<Kept, 'authorities'>>()

// Most clients send the same few intermediates: their bytes are held once, and parsed once for all of them.
const shared = new Map<string, Buffer>()
const parsed = new Map<Buffer, X509Certificate>()
const maximumShared = 64

/**
 * What a connection presented beside its leaf, read once. A connection tells its intermediates once: on Node
 * 20 and 22 the first read takes them away, and each guard of an application reads its own.
 */
export function presentedBy(
  socket: object,
  leaf: X509Certificate,
  read: (leaf: X509Certificate) => readonly X509Certificate[],
): readonly X509Certificate[] {
  const told = toldBy.get(socket)
  if (told?.leaf.equals(leaf.raw)) return told.presented.map(parseShared)
  const presented = read(leaf)
  const bytes = presented.map(({ raw }) => share(raw))
  if (presented.length > 0) toldBy.set(socket, { leaf: leaf.raw, presented: bytes })
  return presented
}

/** Keeps what a connection presented beside its certificate, for as long as that is in use. */
export function keepPresented(certificate: PeerCertificate, presented: Presented): void {
  const { leaf, authorities } = presented
  const bytes = presented.presented.map(({ raw }) => share(raw))
  keptOf.set(certificate, { leaf: leaf.raw, presented: bytes, authorities })
}

function share(raw: Buffer): Buffer {
  const key = thumbprint(raw)
  return shared.get(key) ?? remember(shared, key, raw)
}

function parseShared(raw: Buffer): X509Certificate {
  return parsed.get(raw) ?? remember(parsed, raw, new X509Certificate(raw))
}

function remember<K, V>(known: Map<K, V>, key: K, value: V): V {
  const [oldest] = known.keys()
  if (known.size >= maximumShared && oldest !== undefined) known.delete(oldest)
  known.set(key, value)
  return value
}

/**
 * Verifies, after authorities were replaced, that the authority of a certificate still vouches for it,
 * by the chain the connection presented when it was first read. Where all the anchors of an only
 * authority are still there, the handshake proves as much as before and no chain is followed.
 *
 * Not checked: the connection itself and the validity of the leaf (see `assertStillValid`), revocation.
 *
 * @throws {CertificateError} with reason `unknown-authority`, or `chain-unavailable`, also for a
 * certificate that `readPeerCertificate` did not make
 */
export function verifyStillVouched(
  certificate: PeerCertificate,
  { authorities, now }: Pick<AuthorityQuestion, 'authorities' | 'now'>,
): void {
  const kept = readKept(certificate)
  const { spiffeId, names } = certificate
  const find = hasLostNone(kept.authorities, authorities) ? findAuthority : findAuthorityByChain
  const question = { ...open(kept), spiffeId, dnsNames: names.dns, authorities, now }
  if (find(question) !== certificate.authority) {
    throw new CertificateError('unknown-authority', `${certificate.authority} no longer vouches`)
  }
  if (kept.authorities !== authorities) keptOf.set(certificate, { ...kept, authorities })
}

/**
 * The certificates a peer certificate stands on, for revocation: the leaf, its issuers in order, the
 * trust anchor last; the anchors are those of the last `verifyStillVouched`, or of the first read. Where
 * no chain can be found, the leaf and whatever else the peer sent: a resumed session tells no
 * intermediates.
 *
 * Not checked: revocation, and that the last is an anchor; `verifyStillVouched` verifies the chain.
 *
 * @throws {CertificateError} with reason `chain-unavailable` for a certificate that
 * `readPeerCertificate` did not make
 */
export function chainOf(
  certificate: PeerCertificate,
  now: number = Date.now(),
): readonly X509Certificate[] {
  const kept = readKept(certificate)
  const { leaf, presented } = open(kept)
  const { authorities } = kept
  return findChain({ leaf, presented, authorities, now }) ?? [leaf, ...presented]
}

function readKept(certificate: PeerCertificate): Kept {
  const kept = keptOf.get(certificate)
  if (kept !== undefined) return kept
  throw new CertificateError('chain-unavailable', 'certificate was read from no connection')
}

function open({ leaf, presented }: Kept): Omit<Presented, 'authorities'> {
  return { leaf: new X509Certificate(leaf), presented: presented.map(parseShared) }
}

/** With several authorities the chain decides whose a certificate is, so it is followed again. */
function hasLostNone(before: readonly Authority[], after: readonly Authority[]): boolean {
  const [was, another] = before
  const [is, further] = after
  if (was === undefined || is === undefined || another !== undefined || further !== undefined) {
    return false
  }
  return was.anchors.every((anchor) => is.anchors.some(({ raw }) => raw.equals(anchor.raw)))
}
