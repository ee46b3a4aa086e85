import type { X509Certificate } from 'node:crypto'

const day = 86_400_000

/** Subject on one line, or the serial number where the subject is empty. For messages. */
export function nameCertificate(certificate: X509Certificate): string {
  // Node types the subject as text, but it is undefined for an empty one.
  const subject: string | undefined = certificate.subject
  const text = subject === undefined ? '' : subject.split('\n').join(', ')
  return text === '' ? `serial number ${certificate.serialNumber}` : text
}

/** Whether `issuer` signed `certificate` and is named, and by its key usage allowed, as its issuer. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** When a certificate may be used, judged once. `NaN` dates count as expired. */
export type Validity = 'valid' | 'expires-soon' | 'expired' | 'not-yet-valid'

/** Judges a certificate's dates at `now`; "soon" is within seven days. */
export function toValidity(certificate: X509Certificate, now: number): Validity {
  const end = Date.parse(certificate.validTo)
  if (!(end > now)) return 'expired'
  if (!(Date.parse(certificate.validFrom) <= now)) return 'not-yet-valid'
  return end - now < 7 * day ? 'expires-soon' : 'valid'
}
