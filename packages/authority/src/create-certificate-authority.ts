import type { CertificateAuthority, CertificateAuthorityOptions } from './certificate-authority.js'
import { createSigner, toCertificateAuthority } from './signing-authority.js'

/**
 * Creates a root certificate authority in memory: ECDSA P-256, valid for `days` (default 3650).
 *
 * @throws {RangeError} when the validity is not one
 */
export async function createCertificateAuthority(
  options: CertificateAuthorityOptions = {},
): Promise<CertificateAuthority> {
  return toCertificateAuthority(await createSigner({ name: 'mcp-mtls CA', ...options }))
}
