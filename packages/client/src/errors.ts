/** Every code an error of this package can carry. */
export type MtlsClientErrorCode =
  /** An option, or a file it names, cannot be used. */
  | 'ERR_MTLS_CLIENT_CONFIGURATION'
  /** The server ended the TLS connection; it most likely refused the certificate. */
  | 'ERR_MTLS_CLIENT_REFUSED'
  /** The certificate of the server is not one this client trusts. */
  | 'ERR_MTLS_SERVER_NOT_TRUSTED'

/** Why a request with a client certificate cannot be made. The message says what to check. */
export class MtlsClientError extends Error {
  override name = 'MtlsClientError' as const
  readonly code: MtlsClientErrorCode

  constructor(code: MtlsClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** An option is wrong; thrown when the fetch is made, or at its first request. */
export function configurationError(message: string, cause?: unknown): MtlsClientError {
  return new MtlsClientError(
    'ERR_MTLS_CLIENT_CONFIGURATION',
    message,
    cause === undefined ? undefined : { cause },
  )
}
