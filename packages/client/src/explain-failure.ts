import { MtlsClientError } from './errors.js'

const NOT_TRUSTED: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its issuer is not in `ca`',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed and not in `ca`',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is not in `ca`',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is not in `ca`',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its issuer is not in `ca`, or the server does not send its intermediates',
  CERT_SIGNATURE_FAILURE: 'its issuer is not in `ca`, only one of the same name',
  CERT_HAS_EXPIRED: 'it, or an authority above it, has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet; compare the clocks',
  INVALID_PURPOSE: 'it is not for servers (its extended key usage lacks serverAuth)',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'it is for other host names; connect by one of them or give `servername`',
}

const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * The error to throw for a failed request to an origin that sees the certificate: a TLS failure with
 * what to check, the original as its cause; anything else as it is.
 */
export function explainFailure(error: unknown, origin: string): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  const code = readCode(cause)
  const untrusted = NOT_TRUSTED[code]
  if (untrusted !== undefined) return notTrusted(error, origin, untrusted)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return notTrusted(error, origin, 'there is none: the server answers, but does not speak TLS')
  }
  if (code.includes('_ALERT_')) return refused(error, `${origin} refused the handshake (${code})`)
  if (CLOSED.has(code)) return refused(error, `${origin} closed the connection without an answer`)
  return error
}

function readCode(cause: unknown): string {
  const isCoded = cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
  return isCoded ? String(cause.code) : ''
}

function notTrusted(cause: unknown, origin: string, reason: string): MtlsClientError {
  const message = `the certificate of ${origin} is not trusted: ${reason}`
  return new MtlsClientError('ERR_MTLS_SERVER_NOT_TRUSTED', message, { cause })
}

// With TLS 1.3 a server refuses after the client's handshake is over: all it sees is the end.
function refused(cause: unknown, what: string): MtlsClientError {
  const message =
    `${what}; it most likely refused the client certificate: check that the server's CA issued ` +
    '`cert`, that it is in date and for clients, and the log of the server'
  return new MtlsClientError('ERR_MTLS_CLIENT_REFUSED', message, { cause })
}
