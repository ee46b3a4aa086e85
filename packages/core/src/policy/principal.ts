import type { Identity } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'

/** Who is asking: an identity, the certificate it was taken from and the roles a policy assigns to it. */
export interface Principal {
  /** `<authority>/<kind>:<value>`, escaped so that parts cannot run together; stable across renewals. The SDK's `clientId`. */
  readonly name: string
  readonly identity: Identity
  readonly certificate: PeerCertificate
  readonly roles: readonly string[]
}
