import type { X509Certificate } from 'node:crypto'
import { CertificateError } from '../errors.js'
import { findIssuers } from './chain.js'

/** What an authority asks of a client's own certificate, beside a chain that ends in one of its anchors. */
export interface LeafConditions {
  /** The CA certificates of which one signed it itself; absent: any below an anchor may have. */
  readonly issuedBy?: readonly X509Certificate[]
  /** DNS names of which it carries one, byte for byte; absent: whatever names it has. */
  readonly dns?: readonly string[]
}

/** A certificate, and what was read of it. */
export interface LeafFacts {
  readonly leaf: X509Certificate
  /** Its DNS names; absent: they were not read, and no name that is asked for is there. */
  readonly dnsNames?: readonly string[] | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Verifies that a certificate meets what the authority that vouches for it asks of it: signed by one of
 * certain CA certificates, so that no other CA of the same root will do, and bearer of a certain name.
 *
 * Not checked: the chain above those CA certificates; the handshake and the authority verify it.
 *
 * @throws {CertificateError} with reason `unknown-authority`
 */
export function verifyLeafConditions({ issuedBy, dns }: LeafConditions, facts: LeafFacts): void {
  if (issuedBy !== undefined && !isIssuedByAny(issuedBy, facts)) {
    throw new CertificateError(
      'unknown-authority',
      'the certificate is not signed by the CA its authority asks for (issuedBy)',
    )
  }
  const { dnsNames = [] } = facts
  if (dns !== undefined && !dns.some((name) => dnsNames.includes(name))) {
    throw new CertificateError(
      'unknown-authority',
      `the certificate has none of the DNS names its authority asks for: ${dns.join(', ')}`,
    )
  }
}

/** Each alone: what one of them issued in between is no signature of another. */
function isIssuedByAny(
  issuers: readonly X509Certificate[],
  { leaf, now }: Pick<LeafFacts, 'leaf' | 'now'>,
): boolean {
  return issuers.some((issuer) => findIssuers({ leaf, pile: [issuer], now }).size > 0)
}
