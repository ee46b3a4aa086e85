import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GuardContext } from './context.js'
import { refuse } from './refuse.js'

/**
 * Lets a request to another route than the guarded one pass if its connection has an authenticated
 * certificate, or the route is open. For listeners that let peers without a certificate in
 * (`clientCertificate: 'request'`): what the handshake no longer refuses has to be refused here. False:
 * already answered.
 *
 * Not checked: roles; which certificates may use those routes is the application's to say.
 */
export function requireCertificate(
  context: GuardContext,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  route: string | undefined,
): boolean {
  if (context.settings.tls?.clientCertificate !== 'request') return true
  if (route !== undefined && isOpen(context, route)) return true
  try {
    context.connections.certificate(req)
    return true
  } catch (error) {
    refuse(context, { req, res }, error)
    return false
  }
}

function isOpen({ settings, tokens }: GuardContext, route: string): boolean {
  return settings.open.includes(route) || (tokens?.metadata.paths.includes(route) ?? false)
}
