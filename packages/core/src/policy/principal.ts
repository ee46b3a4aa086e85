import { type Identity, type IdentityKind, identify } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { assignRoles } from './assign-roles.js'
import type { Policy } from './policy.js'

/** Who is asking: an identity, the certificate it was taken from and the roles a policy assigns to it. */
export interface Principal {
  /** `<authority>/<kind>:<value>`, escaped so that parts cannot run together; stable across renewals. The SDK's `clientId`. */
  readonly name: string
  readonly identity: Identity
  readonly certificate: PeerCertificate
  readonly roles: readonly string[]
}

/**
 * Makes the principal of a certificate that has been verified: its identity, its name and its roles.
 * A principal without roles is a principal; every decision about it is a denial.
 *
 * @throws {CertificateError} with reason `no-identity` if the certificate has no name of the kinds
 */
export function createPrincipal(
  policy: Policy,
  certificate: PeerCertificate,
  kinds: readonly IdentityKind[],
): Principal {
  const identity = identify(certificate, kinds)
  return Object.freeze({
    name: formatName(certificate.authority, identity),
    identity,
    certificate,
    roles: assignRoles(policy, certificate, kinds),
  })
}

// The value of an identity has its own `%` and `+` escaped already. `#` is kept for what may follow it.
function formatName(authority: string, { kind, value }: Identity): string {
  return `${percentEncode(authority, /[%/:+#]|[^\x21-\x7e]/gu)}/${kind}:${percentEncode(value, /#|[^\x21-\x7e]/gu)}`
}

function percentEncode(text: string, reserved: RegExp): string {
  return text.replaceAll(reserved, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}
