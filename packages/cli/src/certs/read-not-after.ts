import { X509Certificate } from 'node:crypto'

/** The end of a certificate's validity, as ISO 8601. */
export function readNotAfter(certificate: string): string {
  return new Date(new X509Certificate(certificate).validTo).toISOString()
}
