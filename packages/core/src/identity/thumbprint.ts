import { createHash } from 'node:crypto'

/** The `x5t#S256` of a certificate: base64url SHA-256 of its DER (RFC 8705 section 3.1). */
export function thumbprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url')
}
