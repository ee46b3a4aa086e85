import type { IncomingMessage } from 'node:http'
import type { CertificateError } from '../errors.js'
import type { Principal } from '../policy/principal.js'
import type { TlsSource } from '../tls/tls-source.js'
import type { GuardContext } from './context.js'
import type { GuardOptions } from './options.js'
import { describePeer } from './refuse.js'

/** The one authority whose certificates are only observed; undefined if all certificates are enforced. */
export function findObserved(tls: TlsSource | undefined): string | undefined {
  return tls?.authorities?.find(({ certificate }) => certificate === 'observe')?.name
}

/** What stands in the way of observing certificates: a token has to say who is asking in their place. */
export function checkObserved({
  tls,
  oauth,
}: Pick<GuardOptions, 'tls' | 'oauth'>): readonly string[] {
  const name = findObserved(tls)
  if (name === undefined) return []
  const observed = `the authority "${name}" has certificate: 'observe', which lets a caller in by its token`
  if (oauth === undefined) return [`${observed}: set the option \`oauth\``]
  if (oauth.require === 'token')
    return [`${observed}, and oauth.require 'token' looks at no certificate: leave it out`]
  if (oauth.binding === 'required')
    return [
      `${observed}, and oauth.binding 'required' lets in nobody without the certificate: leave out one of them`,
    ]
  return []
}

/** Says at the start that a certificate is not enforced, lest it be forgotten. */
export function warnObserved(tls: TlsSource | undefined): readonly string[] {
  const name = findObserved(tls)
  return name === undefined
    ? []
    : [
        `the certificate of authority "${name}" is only observed: a valid token lets in who has none`,
      ]
}

/** Records that a caller was let in by its token although its certificate is absent or wrong. */
export function auditObserved(
  { audit }: Pick<GuardContext, 'audit'>,
  { req, principal }: { readonly req: IncomingMessage; readonly principal: Principal },
  { reason, message }: CertificateError,
): void {
  audit({
    type: 'authentication',
    effect: 'would-deny',
    principal,
    ...describePeer(req),
    remoteAddress: req.socket.remoteAddress,
    method: req.method,
    reason,
    hint: message,
  })
}
