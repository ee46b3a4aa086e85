import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { Policy } from '../policy/policy.js'
import { createPrincipal, type Peer, type Principal } from '../policy/principal.js'

/** The principal of some credentials that were verified; made once for each pair of them and policy snapshot. */
export type Principals = (peer: Peer, policy: Policy) => Principal

interface Made {
  readonly policy: Policy
  readonly principal: Principal
}

/** Remembers principals, by the credentials themselves: nothing is kept longer than those are. */
export function createPrincipals(kinds: readonly IdentityKind[]): Principals {
  const made = new WeakMap<PeerCertificate | AccessToken, Made>()
  return (peer, policy) => {
    // A token is one object for as long as it is remembered for one certificate.
    const key = peer.token ?? peer.certificate
    const before = key && made.get(key)
    if (before?.policy === policy && isSame(before.principal.certificate, peer.certificate)) {
      return before.principal
    }
    const principal = createPrincipal(policy, peer, kinds)
    if (key) made.set(key, { policy, principal })
    return principal
  }
}

/** By what it says, not by what object it is: one certificate is used on many connections. */
function isSame(left: PeerCertificate | undefined, right: PeerCertificate | undefined): boolean {
  return (
    left === right ||
    (left !== undefined &&
      left.thumbprint === right?.thumbprint &&
      left.authority === right.authority)
  )
}
