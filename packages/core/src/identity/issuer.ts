import type { X509Certificate } from 'node:crypto'
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_nameConstraints,
  id_kp_clientAuth,
} from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { parseDer } from './der.js'
import { type Extensions, readExtension, readExtensions } from './extensions.js'
import { isStrongKey, isStrongSignature } from './key-strength.js'
import { readKeyUsage } from './key-usage.js'

/** What a certificate says about the certificates it may sign. */
export interface Issuer {
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** How many intermediates may stand between it and the leaf; infinite if it does not say. */
  readonly pathLength: number
  /** Whether its own signature can be relied on; that of an anchor need not. */
  readonly isSignedStrongly: boolean
}

// Anchors are the same objects for every connection and are parsed once.
const issuers = new WeakMap<X509Certificate, Issuer | undefined>()

/**
 * Reads what a certificate may sign; undefined when it may sign no certificates of clients (no CA flag, key
 * usage without certificate signing, or extended key usage without client authentication), cannot be
 * parsed, has a weak key, or restricts names: name constraints are not evaluated, so nothing is known about
 * what such a CA vouches for.
 */
export function readIssuer(certificate: X509Certificate): Issuer | undefined {
  if (!issuers.has(certificate)) issuers.set(certificate, parseIssuer(certificate))
  return issuers.get(certificate)
}

function parseIssuer(certificate: X509Certificate): Issuer | undefined {
  try {
    return parseCa(certificate.raw)
  } catch (error) {
    if (error instanceof CertificateError) return undefined
    throw error
  }
}

function parseCa(der: Uint8Array): Issuer | undefined {
  const { tbsCertificate, signatureAlgorithm } = parseDer(der, Certificate, 'CA certificate')
  const { validity, subjectPublicKeyInfo } = tbsCertificate
  const extensions = readExtensions(tbsCertificate.extensions ?? [])
  const constraints = readExtension(extensions, id_ce_basicConstraints, BasicConstraints)
  if (!constraints?.cA || readKeyUsage(extensions)?.keyCertSign === false) return undefined
  if (!maySignClients(extensions)) return undefined
  if (extensions.has(id_ce_nameConstraints) || !isStrongKey(subjectPublicKeyInfo)) return undefined
  return {
    notBefore: validity.notBefore.getTime().getTime(),
    notAfter: validity.notAfter.getTime().getTime(),
    pathLength: constraints.pathLenConstraint ?? Number.POSITIVE_INFINITY,
    isSignedStrongly: isStrongSignature(signatureAlgorithm),
  }
}

/**
 * OpenSSL holds the extended key usage of a CA against what it signs. The peer can steer which chain is
 * followed here, so a CA for servers alone must not vouch for a client whom another CA got through the
 * handshake.
 */
function maySignClients(extensions: Extensions): boolean {
  const purposes = readExtension(extensions, id_ce_extKeyUsage, ExtendedKeyUsage)
  return purposes === undefined || purposes.includes(id_kp_clientAuth)
}
