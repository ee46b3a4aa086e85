/** Every code an error of this library can carry; switch on it rather than on the message. */
export type MtlsErrorCode =
  | 'ERR_MTLS_CONFIGURATION'
  | 'ERR_MTLS_POLICY'
  | 'ERR_MTLS_TLS_MATERIAL'
  | 'ERR_MTLS_CERTIFICATE'
  | 'ERR_MTLS_TOKEN'
  | 'ERR_MTLS_REQUEST'

/** The class all errors of this library extend. */
export class MtlsError extends Error {
  override name = 'MtlsError'
  readonly code: MtlsErrorCode

  constructor(code: MtlsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** An option is wrong, or options do not fit together. Thrown at start; the message says what to write. */
export class ConfigurationError extends MtlsError {
  override name = 'ConfigurationError' as const

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_MTLS_CONFIGURATION', message, options)
  }
}

/** One thing that is wrong in a policy. `line` and `column` start at 1 and are absent for policies defined in code. */
export interface PolicyIssue {
  readonly path: string
  readonly message: string
  readonly line?: number
  readonly column?: number
}

/** A policy cannot be used. Carries every issue found, not only the first. */
export class PolicyError extends MtlsError {
  override name = 'PolicyError' as const
  readonly issues: readonly PolicyIssue[]
  readonly source: string

  constructor(source: string, issues: readonly PolicyIssue[], options?: ErrorOptions) {
    super(
      'ERR_MTLS_POLICY',
      issues.map((issue) => describeIssue(source, issue)).join('\n'),
      options,
    )
    this.source = source
    this.issues = issues
  }
}

/** A certificate, key or CA file cannot be used by a server. */
export class TlsMaterialError extends MtlsError {
  override name = 'TlsMaterialError' as const

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_MTLS_TLS_MATERIAL', message, options)
  }
}

/** Why a peer certificate is refused. For the audit event only; the peer never sees it. */
export type CertificateRefusal =
  | 'no-tls'
  | 'no-certificate'
  | 'not-authorized'
  | 'malformed'
  | 'not-yet-valid'
  | 'expired'
  | 'certificate-authority'
  | 'key-usage'
  | 'weak-key'
  | 'spiffe-id'
  | 'no-identity'
  | 'unknown-authority'
  | 'chain-unavailable'
  | 'certificate-changed'
  | 'revoked'
  | 'revocation-unknown'

/** A peer certificate does not establish an identity. */
export class CertificateError extends MtlsError {
  override name = 'CertificateError' as const
  readonly reason: CertificateRefusal

  constructor(reason: CertificateRefusal, message: string, options?: ErrorOptions) {
    super('ERR_MTLS_CERTIFICATE', message, options)
    this.reason = reason
  }
}

/** Why an access token, or the proof sent with it, is refused. For the audit event only; the peer is told `invalid_token`. */
export type TokenRefusal =
  | 'missing'
  | 'malformed'
  | 'unknown-issuer'
  | 'algorithm'
  | 'signature'
  | 'type'
  | 'claims'
  | 'expired'
  | 'not-yet-valid'
  | 'audience'
  | 'inactive'
  | 'unbound'
  | 'binding'
  | 'client'
  | 'proof'
  | 'proof-nonce'

/**
 * An access token does not establish a user or client. The message never holds text of the token or of
 * its claims.
 */
export class TokenError extends MtlsError {
  override name = 'TokenError' as const
  readonly reason: TokenRefusal

  constructor(reason: TokenRefusal, message: string, options?: ErrorOptions) {
    super('ERR_MTLS_TOKEN', message, options)
    this.reason = reason
  }
}

/**
 * A request that cannot be judged because it cannot be understood: wrong content type, broken JSON,
 * keys that two parsers read differently. `status` is the HTTP status and `rpcCode` the JSON-RPC
 * error code of the answer; the message is for the audit event, never for the peer.
 */
export class RequestError extends MtlsError {
  override name = 'RequestError' as const
  readonly status: number
  readonly rpcCode: number

  constructor(status: number, rpcCode: number, message: string, options?: ErrorOptions) {
    super('ERR_MTLS_REQUEST', message, options)
    this.status = status
    this.rpcCode = rpcCode
  }
}

/** Writes an issue in one line: where, and what. */
export function describeIssue(source: string, issue: PolicyIssue): string {
  const position = issue.line === undefined ? '' : `:${issue.line}:${issue.column ?? 1}`
  const path = issue.path === '' ? '' : ` ${issue.path}:`
  return `${source}${position}:${path} ${issue.message}`
}
