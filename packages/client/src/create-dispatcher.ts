import { Agent, type Dispatcher, Pool } from 'undici'
import type { CertifiedOrigins } from './certified-origins.js'
import type { Credentials } from './read-credentials.js'

export interface DispatcherOptions {
  readonly credentials: Credentials
  readonly servername: string | undefined
  readonly origins: CertifiedOrigins
}

/**
 * The connections of one client. The choice whether to present the certificate is made where a
 * connection is opened, so that it also holds for the target of a redirect.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { credentials, servername, origins } = options
  const connect = {
    ...credentials,
    ...(servername === undefined ? {} : { servername }),
    // Said explicitly, NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
    rejectUnauthorized: true,
    // A resumed session is not proof that the server would still accept the certificate.
    maxCachedSessions: 0,
  }
  return new Agent({
    factory: (origin) =>
      new Pool(origin, {
        // An event stream may be silent for long; the SDK's own timeouts end what hangs.
        bodyTimeout: 0,
        ...(origins.has(new URL(origin).origin) ? { connect } : {}),
      }),
  })
}
