import type { X509Certificate } from 'node:crypto'
import { CertificateError } from '../errors.js'
import { findIssuers, findLinks } from './chain.js'
import { type LeafConditions, verifyLeafConditions } from './leaf-conditions.js'
import type { SpiffeId } from './spiffe-id.js'

/** A named set of CA certificates that vouch for clients. */
export interface Authority extends LeafConditions {
  readonly name: string
  /** Trust anchors; a chain belongs to this authority if it ends, signature by signature, in one of these. */
  readonly anchors: readonly X509Certificate[]
  /** SPIFFE trust domains this authority, and no other, may vouch for. */
  readonly trustDomains: readonly string[]
  /** Its callers are asked for access tokens in the results of tool calls. */
  readonly challenge?: 'tool-result'
  /** A certificate that is absent or wrong is recorded, and a token asked for in its place. */
  readonly certificate?: 'observe'
}

/** A certificate the handshake authorized, and who might vouch for it. */
export interface AuthorityQuestion {
  readonly leaf: X509Certificate
  /** Further certificates the peer sent, in any order; none of them is trusted. */
  readonly presented: readonly X509Certificate[]
  readonly spiffeId?: SpiffeId | undefined
  /** The DNS names of the leaf; an authority that asks for one vouches for no leaf without. */
  readonly dnsNames?: readonly string[] | undefined
  readonly authorities: readonly Authority[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Finds the authority that vouches for a certificate. The authorities of a TLS source are one pool to
 * OpenSSL, which does not say which member a chain ended in, so the chain is followed again.
 *
 * An authority that owns trust domains vouches for SPIFFE IDs of those and for nothing else; a trust
 * domain with an owner is vouched for by no other authority (SPIFFE Federation section 7: bundles must
 * not be merged). With one authority only, the handshake is the proof, because the pool is that
 * authority's, and no chain is followed: this holds only while the connection's handshake was made
 * against these authorities; {@link findAuthorityByChain} asks again after they changed. What an authority
 * asks of the leaf itself is verified in every case.
 *
 * Not checked: that the handshake authorized the certificate, and what {@link findIssuers} leaves out.
 *
 * @throws {CertificateError} with reason `unknown-authority` when no authority vouches, or several do, or
 * the leaf is not what its authority asks for;
 * `chain-unavailable` when the peer's intermediates are needed and not there
 */
export function findAuthority(question: AuthorityQuestion): string {
  const [only, another] = question.authorities
  if (only === undefined || another !== undefined) return findAuthorityByChain(question)
  return findEntitled(question).length === 1 ? nameOf(only, question) : refuse(question)
}

/**
 * As {@link findAuthority}, but follows the chain in every case.
 *
 * @throws {CertificateError} as {@link findAuthority}
 */
export function findAuthorityByChain(question: AuthorityQuestion): string {
  const entitled = findEntitled(question)
  if (entitled.length === 0) return refuse(question)
  const issuers = findAnchoredIssuers(question)
  const vouching = entitled.filter(({ anchors }) => holdsAny(anchors, issuers))
  const [authority, another] = vouching
  if (authority === undefined) return refuse(question)
  if (another !== undefined) {
    throw new CertificateError(
      'unknown-authority',
      `chain ends in several authorities: ${vouching.map(({ name }) => name).join(', ')}`,
    )
  }
  return nameOf(authority, question)
}

function nameOf(authority: Authority, question: AuthorityQuestion): string {
  verifyLeafConditions(authority, question)
  return authority.name
}

/** Who may vouch for a name at all: the owners of its trust domain, else those that own none. */
function findEntitled({ authorities, spiffeId }: AuthorityQuestion): readonly Authority[] {
  const owners = authorities.filter(
    ({ trustDomains }) => spiffeId !== undefined && trustDomains.includes(spiffeId.trustDomain),
  )
  return owners.length > 0 ? owners : authorities.filter((one) => one.trustDomains.length === 0)
}

function findAnchoredIssuers(question: AuthorityQuestion): readonly X509Certificate[] {
  const { leaf, presented, authorities, now } = question
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const issuers = [...findIssuers({ leaf, pile: [...anchors, ...presented], now })]
  const anchored = issuers.filter((issuer) => holdsAny(anchors, [issuer]))
  if (anchored.length > 0) return anchored
  throw unanchored(presented)
}

/**
 * Finds the shortest chain from the leaf to a trust anchor: the leaf, its issuer, that one's issuer,
 * the anchor last; undefined if there is none.
 *
 * Not checked: which authority the anchor is of, and what {@link findIssuers} leaves out.
 */
export function findChain({
  leaf,
  presented,
  authorities,
  now,
}: Omit<AuthorityQuestion, 'spiffeId'>): readonly X509Certificate[] | undefined {
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const issued = findLinks({ leaf, pile: [...anchors, ...presented], now })
  const anchor = [...issued.keys()].find((issuer) => holdsAny(anchors, [issuer]))
  if (anchor === undefined) return undefined
  const chain: X509Certificate[] = []
  for (let next: X509Certificate | undefined = anchor; next; next = issued.get(next)) {
    chain.unshift(next)
  }
  return chain
}

function unanchored(presented: readonly X509Certificate[]): CertificateError {
  return presented.length === 0
    ? new CertificateError(
        'chain-unavailable',
        'no authority issued the certificate itself, and no intermediate certificates are there',
      )
    : new CertificateError('unknown-authority', 'chain ends in no authority')
}

/** By bytes: a certificate with the name, or even the key, of an anchor is not that anchor. */
function holdsAny(
  anchors: readonly X509Certificate[],
  issuers: readonly X509Certificate[],
): boolean {
  return anchors.some((anchor) => issuers.some((issuer) => issuer.raw.equals(anchor.raw)))
}

function refuse({ spiffeId }: AuthorityQuestion): never {
  const name = spiffeId === undefined ? 'names without a SPIFFE ID' : spiffeId.trustDomain
  throw new CertificateError(
    'unknown-authority',
    `no authority that may vouch for ${name} vouches for the certificate`,
  )
}
