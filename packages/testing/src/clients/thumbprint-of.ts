import { createHash, X509Certificate } from 'node:crypto'

/** `x5t#S256` of the first certificate of a PEM text (RFC 8705 section 3.1). */
export function thumbprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url')
}
