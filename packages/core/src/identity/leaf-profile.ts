import {
  BasicConstraints,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_kp_clientAuth,
} from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { type Extensions, readExtension } from './extensions.js'
import { readKeyUsage } from './key-usage.js'

/**
 * Verifies that a certificate is one a client may authenticate with. OpenSSL authorises a CA
 * certificate as a client; here it is none (X509-SVID section 5.2). A certificate without key usage or
 * extended key usage extension is not restricted by it (RFC 5280 section 4.2.1.3 and 4.2.1.12);
 * `anyExtendedKeyUsage` alone does not name client authentication and is refused, as OpenSSL does.
 *
 * @throws {CertificateError} with reason `certificate-authority`, `key-usage` or `malformed`
 */
export function verifyLeafProfile(extensions: Extensions): void {
  const constraints = readExtension(extensions, id_ce_basicConstraints, BasicConstraints)
  const usage = readKeyUsage(extensions)
  if (constraints?.cA || usage?.keyCertSign || usage?.crlSign) {
    throw new CertificateError(
      'certificate-authority',
      'certificate belongs to a certificate authority, not to a client',
    )
  }
  if (usage !== undefined && !usage.digitalSignature) {
    throw new CertificateError('key-usage', 'key usage does not allow digital signatures')
  }
  const purposes = readExtension(extensions, id_ce_extKeyUsage, ExtendedKeyUsage)
  if (purposes !== undefined && !purposes.includes(id_kp_clientAuth)) {
    throw new CertificateError(
      'key-usage',
      'extended key usage does not allow client authentication',
    )
  }
}

/**
 * Verifies what an X.509-SVID leaf needs beyond {@link verifyLeafProfile}: a key usage extension, and
 * that critical (X509-SVID section 4.3).
 *
 * @throws {CertificateError} with reason `key-usage`
 */
export function verifySvidProfile(extensions: Extensions): void {
  if (extensions.get(id_ce_keyUsage)?.critical !== true) {
    throw new CertificateError('key-usage', 'X.509-SVID without a critical key usage extension')
  }
}
