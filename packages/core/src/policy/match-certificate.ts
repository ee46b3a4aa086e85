import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import {
  type CertificateKey,
  parseCertificatePattern,
  toCertificateFacts,
} from './certificate-pattern.js'
import type { OneOrMany } from './definition.js'
import { certificateKeys } from './schema.js'

/** Whether a certificate is among those that were described. */
export type CertificateMatcher = (certificate: PeerCertificate) => boolean

/** What an assignment can ask of a certificate: every key has to match, of a list any one value. */
export type CertificateCriteria = { readonly [Key in CertificateKey]?: OneOrMany | undefined }

/**
 * Makes a matcher of criteria that stand outside a policy, with the meaning they have in an assignment.
 * Without criteria it matches nothing.
 *
 * @throws {ConfigurationError} for a pattern that cannot be read
 */
export function createCertificateMatcher(
  criteria: CertificateCriteria,
  kinds: readonly IdentityKind[],
): CertificateMatcher {
  const patterns = certificateKeys.flatMap((key) => {
    const values = criteria[key] === undefined ? [] : [criteria[key]].flat()
    return values.length === 0 ? [] : [values.map((text) => parseCertificatePattern(key, text))]
  })
  if (patterns.length === 0) return () => false
  return (certificate) => {
    const facts = toCertificateFacts(certificate, kinds)
    return patterns.every((anyOf) => anyOf.some((pattern) => pattern.matches(facts)))
  }
}
