import { constants, randomBytes } from 'node:crypto'
import type { ServerOptions } from 'node:https'
import type { TlsMaterial } from './tls-material.js'

/**
 * The complete options Node needs, every one said in full: `setSecureContext` forgets what it is not
 * given, and a missing `ca` means Node's public roots. No SNI context, so every server name, known
 * or not, gets the same strict one. No ticket keys: each context makes its own, so that a session
 * does not outlive it.
 */
export function toServerOptions(
  material: TlsMaterial,
  crl: readonly string[] | undefined,
): Readonly<ServerOptions> {
  const ca = material.authorities.flatMap(({ anchors }) => anchors).map(String)
  Object.freeze(ca)
  return Object.freeze({
    cert: material.certificates.map(String).join(''),
    key: String(material.key.export({ type: 'pkcs8', format: 'pem' })),
    ca,
    // Left out, and never empty, where OpenSSL is not to check: an empty list means no checking either.
    ...(crl && { crl: [...crl] }),
    requestCert: true,
    rejectUnauthorized: material.clientCertificate === 'required',
    minVersion: material.minVersion,
    maxVersion: 'TLSv1.3',
    honorCipherOrder: true,
    secureOptions: toSecureOptions(material),
    // Node derives its own from the command line: the same for every listener of the process, so
    // that a session of one that asks for no certificate could be resumed here.
    sessionIdContext: randomBytes(16).toString('hex'),
  })
}

function toSecureOptions({ authorities, clientCertificate }: TlsMaterial): number {
  // TLS 1.2 lets a client change its certificate in the middle of a connection; nobody needs that.
  const always = constants.SSL_OP_NO_RENEGOTIATION
  // A resumed session holds no intermediates, and without those nobody can tell whose a client is.
  // And before Node 24.21 a session that began without a certificate resumes as an authorized one.
  const ticketsOff = authorities.length > 1 || clientCertificate === 'request'
  return ticketsOff ? always | constants.SSL_OP_NO_TICKET : always
}
