import { id_ce_keyUsage, KeyUsage } from '@peculiar/asn1-x509'
import { type Extensions, readExtension } from './extensions.js'

/** The key usage bits that tell clients and certificate authorities apart (RFC 5280 section 4.2.1.3). */
export interface KeyUsageBits {
  readonly digitalSignature: boolean
  readonly keyCertSign: boolean
  readonly crlSign: boolean
}

/**
 * Reads the key usage extension; undefined when there is none. Bits count from the most significant of
 * the first byte, so all three lie in it.
 *
 * @throws {CertificateError} with reason `malformed`
 */
export function readKeyUsage(extensions: Extensions): KeyUsageBits | undefined {
  const usage = readExtension(extensions, id_ce_keyUsage, KeyUsage)
  if (usage === undefined) return undefined
  const bits = new Uint8Array(usage.value)[0] ?? 0
  return {
    digitalSignature: (bits & 0x80) !== 0,
    keyCertSign: (bits & 0x04) !== 0,
    crlSign: (bits & 0x02) !== 0,
  }
}
