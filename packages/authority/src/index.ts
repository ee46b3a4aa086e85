export type { CertificateAuthority, CertificateAuthorityOptions } from './certificate-authority.js'
export { createCertificateAuthority } from './create-certificate-authority.js'
export type {
  CertificateUsage,
  RawExtension,
  SubjectAlternativeNames,
} from './extensions.js'
export type { CertificateRequest, IssuedCertificate } from './issue-certificate.js'
export type { KeyAlgorithm } from './key-pair.js'
export {
  type CertificateAuthorityPem,
  openCertificateAuthority,
} from './open-certificate-authority.js'
