import type { KeyAlgorithm } from './key-pair.js'
import type { ValidityOptions } from './validity.js'

// INVARIANT: what index.ts exports names no type of @peculiar/x509, whose declarations need the DOM
// library: a consumer without it could not compile.

/** How a subject is given: a common name alone, or a whole name as text. */
export interface SubjectOptions {
  /** One CN, taken literally. */
  readonly cn?: string
  /** A name such as `CN=reader, OU=agents, O=Acme`, encoded in the order written. */
  readonly subject?: string
}

/** What the holder of a certificate may be in TLS. */
export type CertificateUsage = 'client' | 'server'

/** The names a certificate vouches for (RFC 5280 section 4.2.1.6), encoded as given. */
export interface SubjectAlternativeNames {
  readonly uri?: readonly string[]
  readonly dns?: readonly string[]
  readonly email?: readonly string[]
  readonly ip?: readonly string[]
}

/** An extension as raw DER. It replaces what would be generated under its `oid`. */
export interface RawExtension {
  readonly oid: string
  readonly critical?: boolean
  readonly value: Uint8Array
}

/** What a certificate should say. */
export interface CertificateRequest
  extends SubjectOptions,
    SubjectAlternativeNames,
    ValidityOptions {
  /** Extended key usage: `client` is clientAuth, `server` is serverAuth. */
  readonly usage: CertificateUsage
  /** Default `ec-p256`. */
  readonly algorithm?: KeyAlgorithm
  /** Raw DER, replacing what would be generated; an OID given twice is encoded twice. */
  readonly extensions?: readonly RawExtension[]
}

/** A certificate with its key. */
export interface IssuedCertificate {
  /** The leaf, in PEM. */
  readonly certificate: string
  /** PKCS#8 PEM, not encrypted. */
  readonly key: string
  /** The leaf and the intermediates above it, in PEM: what a server or client presents. */
  readonly chain: string
}
