import type { TlsSource } from '../tls/tls-source.js'
import type { GuardContext } from './context.js'
import type { Vigil } from './vigil.js'

/**
 * Follows a TLS source: keeps the connections it opens in sight, and records handshakes it refused, material
 * it replaced or could not replace, and what is about to expire. What was replaced may end what is open, at
 * once. Returns what ends the listening.
 */
export function followTls(context: GuardContext, tls: TlsSource, vigil: Vigil): () => void {
  const { audit, logger } = context
  const ends = [
    tls.on('connection', context.connections.open),
    tls.on('refused', (refusal) => {
      audit({ type: 'handshake', effect: 'deny', ...refusal })
    }),
    tls.on('update', ({ what }) => {
      try {
        vigil.look()
      } finally {
        logger.info({ what }, `mcp-mtls took over new TLS material: ${what.join(', ')}`)
        audit({ type: 'tls', effect: 'reload', reason: what.join(', ') })
      }
    }),
    tls.on('error', (error) => {
      logger.error({ err: error }, `mcp-mtls keeps the TLS material it has: ${error.message}`)
      audit({ type: 'tls', effect: 'reload-failed', reason: error.message })
    }),
    tls.on('expiry', ({ what, name, notAfter }) => {
      const until = new Date(notAfter).toISOString()
      logger.warn(
        { what, name, notAfter },
        `mcp-mtls: ${what} ${name} is good until ${until} only: renew it`,
      )
      audit({ type: 'tls', effect: 'expiring', reason: `${what} ${name}, until ${until}` })
    }),
  ]
  return () => {
    for (const end of ends) end()
  }
}
