import type { CertificateRequest, IssuedCertificate } from './certificate-request.js'
import type { ValidityOptions } from './validity.js'

/** How a certificate authority is named and how long it lasts. */
export interface CertificateAuthorityOptions extends ValidityOptions {
  /** The CN of its certificate. */
  readonly name?: string
  /** How many intermediates may stand below it; unlimited if absent. */
  readonly pathLength?: number
}

/** A certificate authority held in memory. */
export interface CertificateAuthority {
  /** PEM of the certificate of the authority itself. */
  readonly certificate: string
  /** PKCS#8 PEM, not encrypted. */
  readonly key: string
  /** PEM of the intermediates from this authority up to, excluding, the root; empty for a root. */
  readonly chain: string
  /** Issues a leaf certificate with a fresh key. */
  readonly issue: (request: CertificateRequest) => Promise<IssuedCertificate>
  /** Creates an intermediate authority below this one. */
  readonly child: (options?: CertificateAuthorityOptions) => Promise<CertificateAuthority>
}
