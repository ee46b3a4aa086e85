import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import type { AccessToken } from '../oauth/access-token.js'
import type { Policy } from '../policy/policy.js'
import { createPrincipal, type Peer, type Principal } from '../policy/principal.js'
import type { TlsSource } from '../tls/tls-source.js'

/** What a request was found to carry. */
type Credentials = Pick<Peer, 'certificate' | 'token' | 'observedAuthority'>

/** The principal of some credentials that were verified; made once for each set of them and policy snapshot. */
export type Principals = (credentials: Credentials, policy: Policy) => Principal

interface Made {
  readonly policy: Policy
  readonly principal: Principal
}

/** Remembers principals, by the credentials themselves: nothing is kept longer than those are. */
export function createPrincipals(
  kinds: readonly IdentityKind[],
  tls?: Pick<TlsSource, 'authorities'>,
): Principals {
  const made = new WeakMap<PeerCertificate | AccessToken, Made>()
  return ({ certificate, token, observedAuthority }, policy) => {
    // A token is one object for as long as it is remembered for one certificate.
    const key = token ?? certificate
    const before = key && made.get(key)
    if (before?.policy === policy && isSame(before.principal, { certificate, observedAuthority })) {
      return before.principal
    }
    const authority = certificate?.authority ?? observedAuthority
    const challenge = tls?.authorities?.find(({ name }) => name === authority)?.challenge
    const peer = { certificate, token, observedAuthority, challenge }
    const principal = createPrincipal(policy, peer, kinds)
    if (key) made.set(key, { policy, principal })
    return principal
  }
}

/** By what they say, not by what objects they are: one certificate is used on many connections. */
function isSame(before: Credentials, { certificate, observedAuthority }: Credentials): boolean {
  if (before.observedAuthority !== observedAuthority) return false
  return (
    before.certificate === certificate ||
    (before.certificate !== undefined &&
      before.certificate.thumbprint === certificate?.thumbprint &&
      before.certificate.authority === certificate.authority)
  )
}
