import { ConfigurationError } from '../errors.js'
import { type Identity, type IdentityKind, identify } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import type { AccessToken } from '../oauth/access-token.js'
import { assignRoles } from './assign-roles.js'
import type { Policy } from './policy.js'

/** What a caller presented, verified: a certificate, an access token, or both. */
export interface Peer {
  readonly certificate?: PeerCertificate | undefined
  readonly token?: AccessToken | undefined
  /** The authority a caller without certificate is taken for, by its token: its certificate is only observed. */
  readonly observedAuthority?: string | undefined
  /** How its authority has it asked for tokens. */
  readonly challenge?: 'tool-result' | undefined
}

/** Who is asking: what it presented, what it is called and the roles a policy assigns to it. */
export interface Principal {
  /**
   * `<authority>/<kind>:<value>` for a certificate, and `+<iss>#<sub>` for the user or
   * `+<iss>#client:<id>` for the client a token speaks for; escaped so that parts cannot run together
   * and no user is called like a client. Stable across renewals. The SDK's `clientId`.
   */
  readonly name: string
  /** The part of the name that is the certificate's; empty without one. */
  readonly certificateName: string
  /** Absent without a certificate. */
  readonly identity?: Identity
  readonly certificate?: PeerCertificate
  readonly token?: AccessToken
  /** Present where an absent or wrong certificate of this authority was only recorded. */
  readonly observedAuthority?: string
  readonly roles: readonly string[]
  /** The roles a token could add where none was presented. */
  readonly rolesWithToken: readonly string[]
  /** Challenges are told in the result of a tool: an assignment of this caller, or its authority, says so. */
  readonly challenge?: 'tool-result'
}

/**
 * Makes the principal of credentials that have been verified: its identity, its name and its roles.
 * A principal without roles is a principal; every decision about it is a denial or a challenge.
 *
 * Not checked: whether the token may be used with the certificate.
 *
 * @throws {CertificateError} with reason `no-identity` if the certificate has no name of the kinds
 * @throws {ConfigurationError} without a certificate and a token
 */
export function createPrincipal(
  policy: Policy,
  peer: Peer,
  kinds: readonly IdentityKind[],
): Principal {
  const { certificate, token, observedAuthority } = peer
  if (certificate === undefined && token === undefined) {
    throw new ConfigurationError('a principal needs a certificate or a token: pass at least one')
  }
  const identity = certificate && identify(certificate, kinds)
  const certificateName = identity ? formatName(certificate.authority, identity) : ''
  const assigned = assignRoles(policy, peer, kinds)
  const { roles, rolesWithToken, challenge = peer.challenge } = assigned
  return Object.freeze({
    name: certificateName + (token ? `+${formatToken(token)}` : ''),
    certificateName,
    ...(identity && { identity }),
    ...(certificate && { certificate }),
    ...(token && { token }),
    ...(observedAuthority !== undefined && { observedAuthority }),
    roles,
    rolesWithToken,
    ...(challenge && { challenge }),
  })
}

// The value of an identity has its own `%` and `+` escaped already. `#` is kept for what may follow it.
function formatName(authority: string, { kind, value }: Identity): string {
  return `${percentEncode(authority, /[%/:+#]|[^\x21-\x7e]/gu)}/${kind}:${percentEncode(value, /#|[^\x21-\x7e]/gu)}`
}

// RFC 9068 section 5: a user could have registered the id of a client as its `sub`. Only clients have a `:` here.
function formatToken({ issuer, kind, subject }: AccessToken): string {
  const id = percentEncode(subject, /[%:+#]|[^\x21-\x7e]/gu)
  const from = percentEncode(issuer, /[%+#]|[^\x21-\x7e]/gu)
  return `${from}#${kind === 'client' ? 'client:' : ''}${id}`
}

function percentEncode(text: string, reserved: RegExp): string {
  return text.replaceAll(reserved, (character) =>
    toBytes(character)
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}

// Half a surrogate pair has no UTF-8, and all halves would be replaced by one character: two names, one text.
function toBytes(character: string): readonly number[] {
  const unit = character.charCodeAt(0)
  const isHalf = character.length === 1 && unit >= 0xd800 && unit <= 0xdfff
  return isHalf
    ? [0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]
    : [...Buffer.from(character)]
}
