import type { X509Certificate } from 'node:crypto'
import { TlsMaterialError } from '../errors.js'
import { nameCertificate, toValidity } from './certificate-facts.js'
import type { Crl } from './crl.js'
import { pickNewest } from './crl-newest.js'
import { isCrlSignedBy, isNamedAfter } from './crl-signature.js'
import type { NamedAuthority } from './tls-material.js'

/** What a stale CRL means: `'deny'` refuses the clients of its CA until there is a newer one. */
export type OnStaleCrl = 'deny' | 'keep'

/** For each CA certificate of an authority the CRLs that speak for it: of each scope the newest. */
export type CrlCoverage = ReadonlyMap<X509Certificate, readonly Crl[]>

/** CRLs as they were given for one authority. */
export interface CrlQuestion {
  readonly authority: NamedAuthority
  readonly crls: readonly Crl[]
  readonly onStaleCrl: OnStaleCrl
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** CRLs that were found to be whose they say, and what is odd about them. */
export interface CheckedCrls {
  readonly coverage: CrlCoverage
  readonly warnings: readonly string[]
}

/**
 * Checks the CRLs of one authority. Every CA certificate of it must have one, roots included, since a
 * chain is only as good as each of its links: a CRL of the root says whether the intermediate is
 * revoked. Each must be signed by the CA whose name it bears (RFC 5280 section 6.3.3 f and g) and not
 * begin in the future. Of several with the same scope the newest speaks, also if it is stale and an
 * older one is not. A stale CRL is a warning here and refuses clients later.
 *
 * @throws {TlsMaterialError} naming the CRL that is forged or not yet valid, or the CA without one
 */
export function checkCrls({ authority, crls, onStaleCrl, now }: CrlQuestion): CheckedCrls {
  const warnings = crls.flatMap((crl) => checkCrl(crl, { authority, now }))
  const coverage = new Map<X509Certificate, readonly Crl[]>()
  for (const anchor of authority.anchors) {
    const own = crls.filter((one) => isCrlSignedBy(one, anchor))
    if (own.length > 0) coverage.set(anchor, pickNewest(own))
    // A CA of the future has issued nothing yet, and perhaps has no CRL either.
    else if (toValidity(anchor, now) !== 'not-yet-valid') throw uncovered(anchor, authority)
  }
  const stale = toCrls(coverage).filter((crl) => !(now < crl.nextUpdate))
  return Object.freeze({
    coverage,
    warnings: Object.freeze([...warnings, ...stale.map((crl) => sayStale(crl, onStaleCrl))]),
  })
}

/**
 * Checks that CRLs are of an authority, without asking whether they suffice: one of several sources is not
 * expected to hold all.
 *
 * @throws {TlsMaterialError} as {@link checkCrls}, and if none is of a CA of the authority
 */
export function checkCrlSource(
  crls: readonly Crl[],
  question: Pick<CrlQuestion, 'authority' | 'now'>,
): void {
  const unused = crls.filter((crl) => checkCrl(crl, question).length > 0)
  if (unused.length < crls.length) return
  throw new TlsMaterialError(
    `${crls[0]?.place ?? 'CRL'}: no CA of ${describe(question.authority)} issued a CRL in it.`,
  )
}

function checkCrl(
  crl: Crl,
  { authority, now }: Pick<CrlQuestion, 'authority' | 'now'>,
): readonly string[] {
  const named = authority.anchors.filter((anchor) => isNamedAfter(crl, anchor))
  if (named.length === 0) {
    return [
      `${crl.place}: the CRL of ${crl.issuer} is of no use: ${describe(authority)} has no such CA.`,
    ]
  }
  if (!named.some((anchor) => isCrlSignedBy(crl, anchor))) {
    throw new TlsMaterialError(
      `${crl.place}: the CRL bears the name of ${crl.issuer}, but no CA of that name in ${describe(authority)} signed it, or may sign CRLs by its key usage.`,
    )
  }
  if (crl.thisUpdate <= now) return []
  throw new TlsMaterialError(
    `${crl.place}: the CRL of ${crl.issuer} is not valid before ${toText(crl.thisUpdate)}; check the clock.`,
  )
}

/** All CRLs of a coverage. */
export function toCrls(coverage: CrlCoverage | undefined): readonly Crl[] {
  return [...new Set([...(coverage?.values() ?? [])].flat())]
}

function uncovered(anchor: X509Certificate, authority: NamedAuthority): TlsMaterialError {
  return new TlsMaterialError(
    `${describe(authority)}: there is no CRL of ${nameCertificate(anchor)}. With "crl" every CA certificate of the authority needs one, roots and intermediates.`,
  )
}

function sayStale(crl: Crl, onStaleCrl: OnStaleCrl): string {
  const consequence =
    onStaleCrl === 'deny'
      ? 'clients of this CA are refused until there is a newer one'
      : 'it is used all the same'
  return `${crl.place}: the CRL of ${crl.issuer} is stale since ${toText(crl.nextUpdate)}; ${consequence}.`
}

function describe(authority: NamedAuthority): string {
  return `authority "${authority.name}" (${authority.origin})`
}

function toText(time: number): string {
  return new Date(time).toISOString()
}
