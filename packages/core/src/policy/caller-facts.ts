import type { IdentityKind } from '../identity/identify.js'
import type { AccessToken } from '../oauth/access-token.js'
import { type CertificateFacts, toCertificateFacts, toIndexKeys } from './certificate-pattern.js'
import type { Peer } from './principal.js'
import { type ClaimPath, toTokenKeys } from './token-pattern.js'

/** What assignments are compared with. */
export interface CallerFacts {
  readonly certificate: CertificateFacts | undefined
  readonly token: AccessToken | undefined
  /** Whose caller it is taken for by its token, without a certificate. */
  readonly observedAuthority: string | undefined
}

/** One thing an assignment asks of a caller. */
export interface Criterion {
  /** A caller can only match if one of its keys is among these. */
  readonly indexKeys: readonly string[]
  readonly claim?: ClaimPath
  matches(facts: CallerFacts): boolean
}

/** What every certificate has. */
export const anyCertificate = 'certificate'

/** Gathers what assignments may look at. */
export function toCallerFacts(
  { certificate, token, observedAuthority }: Peer,
  kinds: readonly IdentityKind[],
): CallerFacts {
  return {
    certificate: certificate && toCertificateFacts(certificate, kinds),
    token,
    observedAuthority: certificate === undefined ? observedAuthority : undefined,
  }
}

/** The index keys of every criterion on certificates that could match. */
export function toCertificateKeys({ certificate }: CallerFacts): readonly string[] {
  return certificate === undefined ? [] : [anyCertificate, ...toIndexKeys(certificate)]
}

/** The index key of assignments that name the authority; nothing else of a certificate is there. */
export function toObservedKeys({ observedAuthority }: CallerFacts): readonly string[] {
  return observedAuthority === undefined ? [] : [`authority=${observedAuthority}`]
}

/** The index keys of every criterion that could match: few, however many assignments there are. */
export function toCallerKeys(facts: CallerFacts, claims: readonly ClaimPath[]): readonly string[] {
  const ofToken = facts.token === undefined ? [] : toTokenKeys(facts.token, claims)
  return [...toCertificateKeys(facts), ...toObservedKeys(facts), ...ofToken]
}
