import type { X509Certificate } from 'node:crypto'
import { CertificateError } from '../errors.js'
import { isIssuedBy } from './certificate-facts.js'
import type { Crl } from './crl.js'
import type { CrlCoverage, OnStaleCrl } from './crl-coverage.js'
import { toSerial } from './crl-der.js'
import { isInScope } from './crl-scope.js'

/** Verifies a certificate that these CAs of an authority issued; answers until when that holds. */
export type RevocationPath = (
  certificate: X509Certificate,
  issuers: readonly X509Certificate[],
  now: number,
) => number

interface CrlRules {
  readonly coverage: CrlCoverage
  readonly onStaleCrl: OnStaleCrl
}

/**
 * Creates the check of the chains in one authority, link by link from the leaf to a root: each
 * certificate must be in no CRL of its issuer, and one that speaks for it must be there and current. A CA can have several
 * certificates (renewed, cross-signed); one path on which nothing is revoked is enough.
 */
export function createRevocationPath(
  anchors: readonly X509Certificate[],
  { coverage, onStaleCrl }: CrlRules,
): RevocationPath {
  const above = new Map(
    anchors.map((anchor) => [anchor, anchors.filter((issuer) => isIssuedBy(anchor, issuer))]),
  )

  /** `below` are the CA certificates already on the path, which cross-signing can lead back to. */
  function verifyAnchor(
    anchor: X509Certificate,
    now: number,
    below: readonly X509Certificate[],
  ): number {
    const issuers = (above.get(anchor) ?? []).filter((issuer) => !below.includes(issuer))
    return firstThatHolds(issuers, (issuer) => {
      const until = verifyLink(anchor, coverage.get(issuer), { now, onStaleCrl })
      if (issuer === anchor) return until
      return Math.min(until, verifyAnchor(issuer, now, [...below, anchor]))
    })
  }

  return (certificate, issuers, now) =>
    firstThatHolds(issuers, (issuer) => {
      const until = verifyLink(certificate, coverage.get(issuer), { now, onStaleCrl })
      return Math.min(until, verifyAnchor(issuer, now, []))
    })
}

interface LinkTime {
  readonly now: number
  readonly onStaleCrl: OnStaleCrl
}

/** Whatever the issuer lists anywhere is revoked; and every CRL that speaks for the certificate must be current. */
function verifyLink(
  certificate: X509Certificate,
  crls: readonly Crl[] | undefined,
  time: LinkTime,
): number {
  if (crls === undefined) throw unknown('a CA of the chain has no CRL')
  const serial = toSerial(certificate.serialNumber)
  const listing = crls.find(({ revoked }) => revoked.has(serial))
  if (listing !== undefined) {
    throw new CertificateError(
      'revoked',
      `a CRL of ${listing.issuer} lists the certificate or its CA`,
    )
  }
  const own = crls.filter(({ scope }) => isInScope(certificate, scope))
  if (own.length > 0) return Math.min(...own.map((crl) => verifyCurrent(crl, time)))
  throw unknown(
    `the CRL of ${crls[0]?.issuer} is for a distribution point that the certificate, or that of its CA, does not name`,
  )
}

function verifyCurrent(crl: Crl, { now, onStaleCrl }: LinkTime): number {
  if (onStaleCrl === 'keep') return Number.POSITIVE_INFINITY
  // Written so that NaN, the time of a broken clock, is refused.
  if (crl.thisUpdate <= now && now < crl.nextUpdate) return crl.nextUpdate
  throw unknown(
    `the CRL of ${crl.issuer} is valid from ${toText(crl.thisUpdate)} to ${toText(crl.nextUpdate)}`,
  )
}

/** What the first path that holds answers, else the failure of the first path. */
function firstThatHolds(
  issuers: readonly X509Certificate[],
  attempt: (issuer: X509Certificate) => number,
): number {
  let failure: unknown = unknown('no CA of the authority issued a certificate of the chain')
  for (const [index, issuer] of issuers.entries()) {
    try {
      return attempt(issuer)
    } catch (error) {
      if (index === 0) failure = error
    }
  }
  throw failure
}

function unknown(problem: string): CertificateError {
  return new CertificateError('revocation-unknown', problem)
}

function toText(time: number): string {
  return new Date(time).toISOString()
}
