import type { X509Certificate } from 'node:crypto'
import { CertificateError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import { findIssuers } from '../identity/chain.js'
import { parseCertificate } from '../identity/parse-certificate.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { isIssuedBy } from './certificate-facts.js'
import type { CrlCoverage, OnStaleCrl } from './crl-coverage.js'
import { type DenyList, isDenied } from './deny-list.js'
import { createRevocationPath } from './revocation-path.js'

/** What a revocation check is made of. */
export interface RevocationSources {
  /** Every authority that vouches for clients; without `coverage` its certificates have no CRL to stand in. */
  readonly authorities: readonly (Pick<Authority, 'anchors'> & {
    readonly coverage?: CrlCoverage | undefined
  })[]
  readonly denyList?: DenyList | undefined
  readonly onStaleCrl: OnStaleCrl
}

/** One state of CRLs and deny list, unchanging: a newer state is a new object. */
export interface Revocation {
  /** Whether there is neither a CRL nor a deny list, so that nothing is ever refused here. */
  readonly isEmpty: boolean
  /**
   * Verifies that a client certificate is not revoked, and answers until when that holds (milliseconds
   * since the epoch, infinite without a CRL): then a CRL becomes stale, and it must be asked again. The
   * leaf comes first; the further certificates the peer sent may follow in any order, none is trusted.
   *
   * Cheap enough for every connection, not for every request.
   *
   * Not checked: that the chain is valid, and in which authority it ends; TLS and `readPeerCertificate`
   * do.
   *
   * @throws {CertificateError} with reason `revoked`; with `revocation-unknown` where there is no current CRL; with the
   * reasons of `parseCertificate` where a deny list is there and the leaf cannot be held against it
   */
  readonly verify: (chain: readonly X509Certificate[], now: number) => number
  /**
   * Verifies that no entry of the deny list fits a certificate; cheap enough for every request.
   *
   * @throws {CertificateError} with reason `revoked`
   */
  readonly verifyIdentity: (certificate: Omit<PeerCertificate, 'authority'>) => void
}

/** Creates the check of one state of CRLs and deny list. */
export function createRevocation({
  authorities,
  denyList,
  onStaleCrl,
}: RevocationSources): Revocation {
  const covered = authorities.some(({ coverage }) => coverage !== undefined)
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const paths = authorities.map(({ anchors: own, coverage }) => ({
    anchors: new Set(own),
    verify: coverage && createRevocationPath(own, { coverage, onStaleCrl }),
  }))

  const verifyIdentity: Revocation['verifyIdentity'] = (certificate) => {
    if (denyList === undefined || !isDenied(denyList, certificate)) return
    throw new CertificateError('revoked', 'certificate is on the deny list')
  }

  function verify(chain: readonly X509Certificate[], now: number): number {
    const [leaf, ...presented] = chain
    if (leaf === undefined) throw new CertificateError('no-certificate', 'there is no certificate')
    if (denyList !== undefined) verifyIdentity(parseCertificate(leaf.raw))
    if (!covered) return Number.POSITIVE_INFINITY
    // They are all of one authority: no two authorities hold the same key.
    const issuers = anchors.filter((anchor) => isIssuedBy(leaf, anchor))
    const own = paths.find((path) => issuers.some((issuer) => path.anchors.has(issuer)))
    if (own === undefined) return verifyForeign(leaf, presented, now)
    return own.verify?.(leaf, issuers, now) ?? Number.POSITIVE_INFINITY
  }

  /** The issuer came along with the leaf, so no CRL could be verified by it when CRLs were read. */
  function verifyForeign(
    leaf: X509Certificate,
    presented: readonly X509Certificate[],
    now: number,
  ): number {
    const found = findIssuers({ leaf, pile: [...anchors, ...presented], now })
    const reached = paths.filter((path) => [...found].some((issuer) => path.anchors.has(issuer)))
    const isFree = reached.length > 0 && reached.every((path) => path.verify === undefined)
    if (isFree) return Number.POSITIVE_INFINITY
    throw new CertificateError(
      'revocation-unknown',
      'the CA that issued the certificate is not among the CA certificates of its authority, so it has no CRL here; add the intermediate to "ca" and its CRL to "crl"',
    )
  }

  return Object.freeze({ isEmpty: !covered && denyList === undefined, verify, verifyIdentity })
}
