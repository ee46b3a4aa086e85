import type { Server, TlsOptions } from 'node:tls'
import { ConfigurationError } from '../errors.js'
import type { AttachedServers } from './attached-servers.js'
import type { ClientCertificateMode } from './file-options.js'
import { type ConnectionRecord, trackConnections } from './track-connections.js'

/** What a source lends to the servers attached to it. */
export interface Attachment extends ConnectionRecord {
  readonly servers: AttachedServers
  readonly options: () => TlsOptions
}

const owners = new WeakMap<Server, Attachment>()

/**
 * Gives a server the secure context of a source, once, makes its connections known to the source,
 * ends those without a verified client certificate where one is required, and reports handshakes that
 * fail. Where a certificate is only requested every connection goes on, and nothing marks it as
 * authenticated: that is for whoever reads the identity.
 *
 * A connection that ends before it sends a byte is not reported: load balancers and port scanners
 * open one every few seconds.
 *
 * Not checked: an `SNICallback` or `addContext` of the application; the certificate chain is
 * verified again where the identity is read.
 *
 * @throws {ConfigurationError} if the server does not treat client certificates as the source does, has fixed ticket keys, or belongs to another source
 */
export function attachServer(server: Server, attachment: Attachment): void {
  const owner = owners.get(server)
  if (owner === attachment) return
  if (owner !== undefined) {
    throw new ConfigurationError('attach: the server is attached to another TLS source.')
  }
  checkServer(server, attachment.clientCertificate)
  server.setSecureContext(attachment.options())
  owners.set(server, attachment)
  attachment.servers.add(server)
  trackConnections(server, attachment)
}

function checkServer(server: Server, mode: ClientCertificateMode): void {
  const requested: unknown = Reflect.get(server, 'requestCert')
  const rejecting: unknown = Reflect.get(server, 'rejectUnauthorized')
  if (requested !== true || (mode === 'required' && rejecting !== true)) {
    throw new ConfigurationError(
      'attach: the server does not verify client certificates; create it with the options of the source, as in https.createServer(tls.options, listener).',
    )
  }
  if (rejecting !== (mode === 'required')) {
    throw new ConfigurationError(
      "attach: the server refuses clients without a certificate, but the source has clientCertificate: 'request'; create it with the options of the source, as in https.createServer(tls.options, listener).",
    )
  }
  const ticketKeys: unknown = Reflect.get(server, 'ticketKeys')
  if (ticketKeys !== undefined) {
    throw new ConfigurationError(
      'attach: the server has fixed ticketKeys, which let a session outlive the CA that vouched for it; leave them out.',
    )
  }
}
