import type { X509Certificate } from 'node:crypto'
import { ConfigurationError, TlsMaterialError } from '../errors.js'
import { readIssuer } from '../identity/issuer.js'
import { thumbprint } from '../identity/thumbprint.js'
import { isIssuedBy, nameCertificate, toValidity } from './certificate-facts.js'
import { findWeakness } from './key-strength.js'
import type { NamedAuthority } from './tls-material.js'

/**
 * Checks the CA certificates that vouch for clients, each authority alone and against the others:
 * Node drops what it cannot parse, ignores a CA whose issuer is absent, and takes the CAs of all
 * authorities as one pool. Returns warnings.
 *
 * @throws {TlsMaterialError} for a certificate that could not vouch for anybody, or for two authorities at once
 * @throws {ConfigurationError} for no authority, or a trust domain that two authorities list
 */
export function checkAuthorities(
  authorities: readonly NamedAuthority[],
  now: number,
): readonly string[] {
  if (authorities.length === 0) throw new ConfigurationError('TLS source: no authority is given.')
  const warnings = authorities.flatMap((authority) => checkAuthority(authority, now))
  for (const [index, authority] of authorities.entries()) {
    for (const other of authorities.slice(index + 1)) {
      checkNames(authority, other)
      checkOverlap(authority, other)
    }
  }
  return warnings
}

function checkAuthority(authority: NamedAuthority, now: number): string[] {
  if (authority.anchors.length === 0) {
    throw new TlsMaterialError(
      `${describe(authority)}: no CA certificate; no client could connect.`,
    )
  }
  for (const issuer of authority.issuedBy ?? []) checkIssuer(issuer, authority)
  return authority.anchors.flatMap((anchor) => checkAnchor(anchor, authority, now))
}

/** A client it signed is verified against it alone, so it has to be one that can be relied on. */
function checkIssuer(issuer: X509Certificate, authority: NamedAuthority): void {
  const place = `${describe(authority)}: ${nameCertificate(issuer)}`
  if (isIssuedBy(issuer, issuer)) {
    throw new TlsMaterialError(
      `${place} is a root; the files of issuedBy hold the intermediates that sign clients, and "ca" the root.`,
    )
  }
  if (issuer.ca && readIssuer(issuer) === undefined) {
    throw new TlsMaterialError(
      `${place} cannot be used as issuedBy: it may not sign certificates of clients, or it restricts names, which is not evaluated.`,
    )
  }
}

function checkAnchor(anchor: X509Certificate, authority: NamedAuthority, now: number): string[] {
  const place = `${describe(authority)}: ${nameCertificate(anchor)}`
  if (!anchor.ca) throw new TlsMaterialError(`${place} ${noCa(anchor)}`)
  // Node's servers refuse a chain that ends below a self-signed root, whatever allowPartialTrustChain says.
  if (!authority.anchors.some((issuer) => isIssuedBy(anchor, issuer))) {
    throw new TlsMaterialError(`${place} ${noIssuer(anchor)}`)
  }
  const weakness = findWeakness(anchor.publicKey)
  if (weakness !== undefined) throw new TlsMaterialError(`${place}: ${weakness}.`)
  switch (toValidity(anchor, now)) {
    case 'expired':
      throw new TlsMaterialError(`${place} expired on ${anchor.validTo}; take it out of the file.`)
    case 'not-yet-valid':
      return [`${place} vouches for nobody before ${anchor.validFrom}.`]
    case 'expires-soon':
      return [`${place} expires on ${anchor.validTo}.`]
    case 'valid':
      return []
  }
}

function noCa(certificate: X509Certificate): string {
  return `is not a CA certificate (basic constraints without CA:TRUE). Put the CA that issued it here; to admit this one certificate alone, add an assignment with thumbprint: ${thumbprint(certificate.raw)} to the policy.`
}

function noIssuer(anchor: X509Certificate): string {
  const selfIssued = anchor.subject === anchor.issuer
  return selfIssued
    ? 'is a root that may not sign certificates: its key usage lacks keyCertSign, or its signature is wrong.'
    : `is an intermediate CA without its root; Node trusts only chains up to a self-signed root. Add the certificate of ${anchor.issuer.split('\n').join(', ')} to the same authority.`
}

function checkNames(one: NamedAuthority, other: NamedAuthority): void {
  if (one.name === other.name) {
    throw new ConfigurationError(`TLS source: two authorities are named "${one.name}".`)
  }
  const shared = one.trustDomains.find((domain) => other.trustDomains.includes(domain))
  if (shared === undefined) return
  throw new ConfigurationError(
    `TLS source: trust domain "${shared}" is listed by the authorities "${one.name}" and "${other.name}"; exactly one may vouch for it.`,
  )
}

/**
 * A chain through a CA key that both hold would belong to both. An anchor's issuer is always in its
 * own authority, so a CA that one holds and the other issued shows here by its issuer.
 */
function checkOverlap(one: NamedAuthority, other: NamedAuthority): void {
  for (const anchor of one.anchors) {
    const shared = other.anchors.find((candidate) => candidate.publicKey.equals(anchor.publicKey))
    if (shared === undefined) continue
    throw new TlsMaterialError(
      `${describe(one)} and ${describe(other)} overlap: ${nameCertificate(anchor)} and ${nameCertificate(shared)} have the same key. A client must belong to one authority; keep the CA in one of them.`,
    )
  }
}

function describe(authority: NamedAuthority): string {
  return `authority "${authority.name}" (${authority.origin})`
}
