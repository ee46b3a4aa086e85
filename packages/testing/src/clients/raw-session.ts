import type { ClientCertificate } from '../certificates.js'
import { legacyPost, message } from './messages.js'
import { rawRequest } from './raw-request.js'

const version = '2025-11-25'

/**
 * Opens a session by hand and returns the headers that later requests of it carry, those of
 * `credentials` among them.
 *
 * @throws {Error} if the server opens none
 */
export async function openRawSession(
  url: string,
  certificate: ClientCertificate,
  credentials: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const clientInfo = { name: 'raw', version: '1.0.0' }
  const initialize = message(
    'initialize',
    { protocolVersion: version, capabilities: {}, clientInfo },
    'initialize',
  )
  const answer = await rawRequest(url, { certificate, ...legacyPost(initialize, credentials) })
  const id = answer.headers['mcp-session-id']
  if (typeof id !== 'string') throw new Error(`no session: ${answer.status} ${answer.body}`)
  const headers = { ...credentials, 'mcp-session-id': id, 'mcp-protocol-version': version }
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  await rawRequest(url, { certificate, ...legacyPost(initialized, headers) })
  return headers
}
