import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** A handshake that failed. The peer saw no more than a TLS alert. */
export interface HandshakeRefusal {
  /** OpenSSL's or Node's code, such as `CERT_HAS_EXPIRED`. */
  readonly reason: string
  /** What the operator should look at. */
  readonly hint: string
  readonly remoteAddress?: string
  readonly remotePort?: number
}

/** Names of the material, for hints. */
export interface RefusalNames {
  readonly certificate: string
  readonly authorities: string
}

/** The address of a connection, kept from its start: a closed socket has forgotten it. */
export interface PeerAddress {
  readonly remoteAddress?: string
  readonly remotePort?: number
}

/** Reads the address of a connection just accepted. */
export function readPeerAddress(socket: Socket): PeerAddress {
  const { remoteAddress, remotePort } = socket
  if (remoteAddress === undefined || remotePort === undefined) return {}
  return { remoteAddress, remotePort }
}

/** The TCP socket below a TLS socket, which has no public name; absent if Node renames it. */
export function readTransport(socket: TLSSocket): Socket | undefined {
  const transport: unknown = Reflect.get(socket, '_parent')
  return transport instanceof Socket ? transport : undefined
}

/**
 * The reason for a failed handshake. For a certificate that does not verify Node destroys the socket
 * with a bare ECONNRESET and leaves the verdict in `authorizationError`.
 */
export function readRefusalReason(error: Error, socket: TLSSocket): string {
  const verdict: unknown = socket.authorizationError
  if (typeof verdict === 'string' && verdict !== '') return verdict
  return readCode(verdict) ?? readCode(error) ?? 'UNKNOWN'
}

/** What the operator should look at, for a reason. */
export function toHint(reason: string, names: RefusalNames): string {
  const hint = hints.get(reason)
  if (hint !== undefined) return hint(names)
  if (/^ERR_SSL_(SSLV3|TLSV1|TLSV13)_ALERT_/.test(reason)) {
    return 'the client ended the handshake with this alert; its own log says why'
  }
  return 'the handshake failed; OpenSSL documents the reason'
}

function readCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

type Hint = (names: RefusalNames) => string

const noCertificate: Hint = ({ authorities }) =>
  `the client sent no certificate; give it one issued by a CA of ${authorities}`
const unknownIssuer: Hint = ({ authorities }) =>
  `the client's certificate was signed by a CA that is not in ${authorities}, or the client left out an intermediate`
const noRoot: Hint = ({ authorities }) =>
  `the client's certificate leads to no root of ${authorities}, or it resumed a session without a certificate`
const selfSigned: Hint = ({ authorities }) =>
  `the client's certificate is self-signed; give it one issued by a CA of ${authorities}`
const badSignature: Hint = ({ authorities }) =>
  `the client's certificate names a CA of ${authorities} but was signed by another key; the CA may have been made anew under its old name`
const expired: Hint = () => "the client's certificate, or a CA above it, has expired"
const notYetValid: Hint = () =>
  "the client's certificate is not valid yet; compare the clocks of both machines"
const wrongUsage: Hint = () =>
  "the client's certificate is not for clients: its key usage needs digitalSignature, its extended key usage clientAuth"
const invalidCa: Hint = () =>
  "a certificate above the client's is no CA, or its path length allows no more"
const revoked: Hint = () => "a CRL lists the client's certificate, or a CA above it"
const noCrl: Hint = ({ authorities }) =>
  `a CA in the client's chain has no CRL here, most often an intermediate that only the client has; add it to ${authorities} and its CRL to "crl"`
const staleCrl: Hint = () =>
  "the CRL of a CA in the client's chain is stale; publish a newer one, or see onStaleCrl"
const badCrl: Hint = () =>
  "the CRL of a CA in the client's chain is not valid yet, or was signed by another key; compare the clocks"
const weak: Hint = () => "a key or signature in the client's chain is too weak"
const unnamed: Hint = ({ authorities }) =>
  `Node has no name for this verdict on the client's certificate; most often a key or signature in its chain is too weak. \`openssl verify -purpose sslclient -auth_level 2\` on it, with ${authorities}, names the reason`
const oldVersion: Hint = () =>
  "the client speaks no TLS version this server does; minVersion: 'TLSv1.2' admits clients without TLS 1.3"
const noCipher: Hint = () =>
  'client and server have no cipher suite or signature algorithm in common'
const distrust: Hint = ({ certificate }) =>
  `the client does not accept this server's certificate (${certificate}); give the client the CA that issued it`
const plainHttp: Hint = () => 'plain HTTP was sent to the TLS port; the client must use https://'
const noTls: Hint = () => 'what was sent is not TLS'
const timeout: Hint = () => 'the client did not finish the handshake in time'
const gone: Hint = ({ certificate }) =>
  `the connection ended during the handshake; a client that does not accept this server's certificate (${certificate}), or its host name, often leaves without a word`

const hints: ReadonlyMap<string, Hint> = new Map([
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', noCertificate],
  ['UNABLE_TO_GET_ISSUER_CERT', noRoot],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownIssuer],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownIssuer],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownIssuer],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', selfSigned],
  ['CERT_SIGNATURE_FAILURE', badSignature],
  ['CERT_HAS_EXPIRED', expired],
  ['CERT_NOT_YET_VALID', notYetValid],
  ['INVALID_PURPOSE', wrongUsage],
  ['INVALID_CA', invalidCa],
  ['PATH_LENGTH_EXCEEDED', invalidCa],
  ['CERT_REVOKED', revoked],
  ['UNABLE_TO_GET_CRL', noCrl],
  ['CRL_HAS_EXPIRED', staleCrl],
  ['CRL_NOT_YET_VALID', badCrl],
  ['CRL_SIGNATURE_FAILURE', badCrl],
  ['EE_KEY_TOO_SMALL', weak],
  ['CA_KEY_TOO_SMALL', weak],
  ['CA_MD_TOO_WEAK', weak],
  ['UNSPECIFIED', unnamed],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', oldVersion],
  ['ERR_SSL_VERSION_TOO_LOW', oldVersion],
  ['ERR_SSL_NO_SHARED_CIPHER', noCipher],
  ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', noCipher],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', distrust],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', distrust],
  ['ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', distrust],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', distrust],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', distrust],
  ['ERR_SSL_HTTP_REQUEST', plainHttp],
  ['ERR_SSL_WRONG_VERSION_NUMBER', noTls],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', timeout],
  ['ECONNRESET', gone],
  ['EPIPE', gone],
])
