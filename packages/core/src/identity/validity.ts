import { CertificateError } from '../errors.js'
import type { PeerCertificate } from './peer-certificate.js'

/**
 * Verifies that `now` (milliseconds since the epoch) lies in the validity of a certificate, both ends
 * included (RFC 5280 section 4.1.2.5).
 *
 * @throws {CertificateError} with reason `not-yet-valid` or `expired`
 */
export function verifyValidity(
  certificate: Pick<PeerCertificate, 'notBefore' | 'notAfter'>,
  now: number,
): void {
  const { notBefore, notAfter } = certificate
  if (now < notBefore) {
    throw new CertificateError(
      'not-yet-valid',
      `certificate is not valid before ${toText(notBefore)}`,
    )
  }
  // Written so that NaN, the time of a broken clock, is refused.
  if (!(now <= notAfter)) {
    throw new CertificateError('expired', `certificate was valid until ${toText(notAfter)}`)
  }
}

function toText(time: number): string {
  return new Date(time).toISOString()
}
