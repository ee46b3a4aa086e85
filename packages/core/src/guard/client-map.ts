import { TokenError } from '../errors.js'
import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { ClientMapping } from '../oauth/options.js'
import { type CertificateMatcher, createCertificateMatcher } from '../policy/match-certificate.js'

/** Who presents a token. */
export interface TokenSender {
  readonly certificate: PeerCertificate | undefined
  /** The authority it is taken for, where its certificate is only observed. */
  readonly observedAuthority?: string | undefined
}

/** Checks that a sender may use a token; throws where it may not. */
export type MayAct = (sender: TokenSender, token: AccessToken) => void

/**
 * Says which certificates may act as which OAuth clients: so that a token taken from one client is of no
 * use to another, also where it is not bound. Without entries any certificate may act as any client. A
 * sender whose certificate is only observed may act as what entries say of its authority, and of nothing else.
 *
 * @throws {ConfigurationError} for a pattern that cannot be read
 */
export function createClientMap(
  mappings: readonly ClientMapping[] | undefined,
  kinds: readonly IdentityKind[],
): MayAct {
  if (mappings === undefined) return () => undefined
  const entries = mappings.map(({ client, tokenIssuer, ...criteria }) => ({
    matches: createCertificateMatcher(criteria, kinds),
    authorities: findAuthorities(criteria),
    issuer: tokenIssuer,
    clients: new Set([client].flat()),
  }))
  // A certificate is one object for as long as its connection lives.
  const known = new WeakMap<PeerCertificate, readonly Entry[]>()
  return ({ certificate, observedAuthority }, token) => {
    const fitting = certificate
      ? (known.get(certificate) ?? remember(known, certificate, entries))
      : entries.filter(({ authorities }) => authorities.some((name) => name === observedAuthority))
    if (fitting.some((entry) => isFor(entry, token))) return
    throw new TokenError('client', 'the certificate may not act as the client of the token')
  }
}

interface Entry {
  readonly matches: CertificateMatcher
  /** Those it means as a whole. */
  readonly authorities: readonly string[]
  /** Undefined: any, where there is one only, or each knows the clients by the same ids. */
  readonly issuer: string | undefined
  readonly clients: ReadonlySet<string>
}

function isFor({ issuer, clients }: Entry, token: AccessToken): boolean {
  return (issuer === undefined || issuer === token.issuer) && clients.has(token.clientId)
}

function findAuthorities({
  authority,
  ...others
}: Omit<ClientMapping, 'client' | 'tokenIssuer'>): readonly string[] {
  const isWhole = Object.values(others).every((criterion) => criterion === undefined)
  return isWhole && authority !== undefined ? [authority].flat() : []
}

function remember(
  known: WeakMap<PeerCertificate, readonly Entry[]>,
  certificate: PeerCertificate,
  entries: readonly Entry[],
): readonly Entry[] {
  const fitting = entries.filter(({ matches }) => matches(certificate))
  known.set(certificate, fitting)
  return fitting
}
