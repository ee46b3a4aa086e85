import type { SpiffeId } from './spiffe-id.js'

/** Names of the subject alternative name extension, in the order of the certificate (RFC 5280 section 4.2.1.6). */
export interface SubjectAlternativeNames {
  readonly uri: readonly string[]
  readonly dns: readonly string[]
  readonly email: readonly string[]
}

/** A distinguished name: its RFC 4514 text and the values of the attributes a policy can name. */
export interface DistinguishedName {
  readonly text: string
  readonly commonNames: readonly string[]
  readonly organizations: readonly string[]
  readonly organizationalUnits: readonly string[]
}

/** The leaf X.509 certificate a client presented, read once from its DER and frozen. */
export interface PeerCertificate {
  /** `x5t#S256`: base64url SHA-256 of the DER (RFC 8705 section 3.1). */
  readonly thumbprint: string
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Upper-case hexadecimal. */
  readonly serialNumber: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  readonly names: SubjectAlternativeNames
  /** Present when the certificate is an X.509-SVID: exactly one URI name, and that a SPIFFE ID with a path. */
  readonly spiffeId?: SpiffeId
  /** Name of the authority whose CA certificate the chain ends in. */
  readonly authority: string
}
