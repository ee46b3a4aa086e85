export type { CertificateAuthority, CertificateAuthorityOptions } from './certificate-authority.js'
export type {
  CertificateRequest,
  CertificateUsage,
  IssuedCertificate,
  RawExtension,
  SubjectAlternativeNames,
} from './certificate-request.js'
export { createCertificateAuthority } from './create-certificate-authority.js'
export { createRevocationList, type RevocationListRequest } from './create-revocation-list.js'
export type { KeyAlgorithm } from './key-pair.js'
export {
  type CertificateAuthorityPem,
  openCertificateAuthority,
} from './open-certificate-authority.js'
