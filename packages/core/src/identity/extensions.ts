import type { Extension } from '@peculiar/asn1-x509'
import {
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
} from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { parseDer } from './der.js'

/** Extensions of one certificate by object identifier; each occurs once. */
export type Extensions = ReadonlyMap<string, Extension>

/**
 * Critical extensions this library processes. Certificate policies belong here because no policy is
 * required of a peer, so any set of them satisfies (RFC 5280 section 6.1.1, `any-policy`). Extensions
 * that speak about other certificates, such as name constraints, are not: they have no place in a leaf,
 * and their rules are not evaluated here.
 */
const processed: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_extKeyUsage,
  id_ce_subjectAltName,
  id_ce_certificatePolicies,
])

/**
 * Indexes the extensions of a certificate (RFC 5280 section 4.2).
 *
 * @throws {CertificateError} with reason `malformed` when an extension occurs twice, or is critical and
 * not processed by this library
 */
export function readExtensions(extensions: Iterable<Extension>): Extensions {
  const byId = new Map<string, Extension>()
  for (const extension of extensions) {
    const id = extension.extnID
    if (byId.has(id)) throw new CertificateError('malformed', `extension ${id} occurs twice`)
    if (extension.critical && !processed.has(id)) {
      throw new CertificateError('malformed', `critical extension ${id} is not known`)
    }
    byId.set(id, extension)
  }
  return byId
}

/**
 * Reads the value of one extension; undefined when the certificate does not have it.
 *
 * @throws {CertificateError} with reason `malformed`
 */
export function readExtension<T extends object>(
  extensions: Extensions,
  id: string,
  schema: new () => T,
): T | undefined {
  const extension = extensions.get(id)
  if (extension === undefined) return undefined
  return parseDer(new Uint8Array(extension.extnValue.buffer), schema, `extension ${id}`)
}
