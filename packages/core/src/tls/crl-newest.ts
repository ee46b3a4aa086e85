import type { X509Certificate } from 'node:crypto'
import { TlsMaterialError } from '../errors.js'
import type { Crl } from './crl.js'
import { isCrlSignedBy } from './crl-signature.js'

/** CRLs that are held, and others that were found since where they came from. */
export interface CrlMerge {
  readonly held: readonly Crl[]
  readonly found: readonly Crl[]
  readonly anchors: readonly X509Certificate[]
}

/**
 * Of the CRLs one key signed the newest of each scope: the one of the latest date, of the same date the one
 * with the largest CRL number (RFC 5280 section 5.2.3). Not by number first: a CA that began its numbers
 * anew would have its old lists back.
 *
 * @throws {TlsMaterialError} if two differ and neither is newer
 */
export function pickNewest(crls: readonly Crl[]): readonly Crl[] {
  const scopes = new Map<string, Crl[]>()
  for (const crl of crls) {
    const scope = toScopeText(crl)
    const known = scopes.get(scope)
    if (known === undefined) scopes.set(scope, [crl])
    else known.push(crl)
  }
  return Object.freeze(Array.from(scopes.values(), pickNewestOfScope))
}

/**
 * For each CA certificate and scope the newest of what is held and what was found. What is held stays
 * where nothing newer was found, so leaving a list out of an answer takes nothing away; what none of the
 * CA certificates signed is left out.
 *
 * @throws {TlsMaterialError} as {@link pickNewest}
 */
export function mergeCrls({ held, found, anchors }: CrlMerge): readonly Crl[] {
  const all = [...held, ...found]
  const merged = anchors.flatMap((anchor) =>
    pickNewest(all.filter((crl) => isCrlSignedBy(crl, anchor))),
  )
  return Object.freeze([...new Set(merged)])
}

function toScopeText({ scope }: Crl): string {
  return [...(scope ?? [])].sort().join(' ')
}

function pickNewestOfScope(crls: readonly Crl[]): Crl {
  const newest = crls.reduce((one, other) => (compareAge(one, other) < 0 ? other : one))
  const rival = crls.find((one) => compareAge(one, newest) === 0 && !one.der.equals(newest.der))
  if (rival !== undefined) throw rivals(newest, rival)
  return newest
}

function compareAge(one: Crl, other: Crl): number {
  const byDate = one.thisUpdate - other.thisUpdate
  if (byDate !== 0) return byDate
  const [left, right] = [one.number ?? -1n, other.number ?? -1n]
  if (left === right) return 0
  return left < right ? -1 : 1
}

function rivals(one: Crl, other: Crl): TlsMaterialError {
  return new TlsMaterialError(
    `${other.place}: another CRL of ${one.issuer} than the one in ${one.place}, with the same date and number; take one out.`,
  )
}
