import type { X509Certificate } from 'node:crypto'
import { readIssuer } from './issuer.js'

/** Longest chain followed, counted in CA certificates above the leaf. */
const maximumDepth = 8

interface ChainSearch {
  readonly leaf: X509Certificate
  /** Certificates that may stand in the chain, in no order and of no standing. */
  readonly pile: readonly X509Certificate[]
  readonly now: number
}

/**
 * Finds every certificate of a pile that a chain of signatures leads to from the leaf; see {@link findLinks}.
 */
export function findIssuers(search: ChainSearch): ReadonlySet<X509Certificate> {
  return new Set(findLinks(search).keys())
}

/**
 * Finds every certificate of a pile that a chain of signatures leads to from the leaf, the nearest
 * first, each with the certificate it signed on the shortest way. Each link is verified: names and key identifiers fit, the issuer is a CA certificate, may sign certificates, is
 * valid at `now`, may have that many intermediates below it, and its key verifies the signature
 * (RFC 5280 section 6.1.3). The order in which a peer sent its certificates means nothing.
 *
 * Not checked: revocation, policies, and name constraints: a CA that has them ends the search on its
 * branch.
 */
export function findLinks({
  leaf,
  pile,
  now,
}: ChainSearch): ReadonlyMap<X509Certificate, X509Certificate> {
  const found = new Map<X509Certificate, X509Certificate>()
  let subjects: readonly X509Certificate[] = [leaf]
  // By level and each certificate once: a pile of cross-signed certificates costs no more than its square.
  for (let depth = 0; depth < maximumDepth && subjects.length > 0; depth++) {
    const link = { subjects, intermediatesBelow: depth, now }
    const level: X509Certificate[] = []
    for (const candidate of pile) {
      const subject = found.has(candidate) ? undefined : findIssued(candidate, link)
      if (subject === undefined) continue
      found.set(candidate, subject)
      level.push(candidate)
    }
    subjects = level.filter((issuer) => readIssuer(issuer)?.isSignedStrongly)
  }
  return found
}

interface Link {
  readonly subjects: readonly X509Certificate[]
  readonly intermediatesBelow: number
  readonly now: number
}

function findIssued(candidate: X509Certificate, link: Link): X509Certificate | undefined {
  // Names first: of a large pile of anchors only those asked for are parsed.
  const subjects = link.subjects.filter((subject) => subject.checkIssued(candidate))
  if (subjects.length === 0 || !mayIssue(candidate, link)) return undefined
  return subjects.find((subject) => subject.verify(candidate.publicKey))
}

function mayIssue(candidate: X509Certificate, { intermediatesBelow, now }: Link): boolean {
  const issuer = readIssuer(candidate)
  if (issuer === undefined || issuer.pathLength < intermediatesBelow) return false
  return now >= issuer.notBefore && now <= issuer.notAfter
}
