/**
 * What an access token is tied to, so that whoever copies it can do nothing with it: the certificate of
 * the connection (`cnf["x5t#S256"]`, RFC 8705 section 3.1) or a key of the client (`cnf.jkt`, RFC 9449
 * section 6.1). Empty for a bearer token.
 */
export interface TokenBinding {
  /** base64url SHA-256 of the DER of a certificate. */
  readonly certificate?: string
  /** base64url JWK SHA-256 thumbprint (RFC 7638) of a key. */
  readonly key?: string
}

/** An access token that was verified; frozen. Never holds the text of the token. */
export interface AccessToken {
  /** The `iss` of the authorization server, byte for byte as configured. */
  readonly issuer: string
  /**
   * Whom it speaks for: a user, by `sub`, or the OAuth client itself, where `sub` is absent or is the
   * client id (RFC 9068 section 5). A user whose `sub` equals another client's id is still a user.
   */
  readonly kind: 'user' | 'client'
  /** The `sub` of a user, the client id of a client. */
  readonly subject: string
  /** The OAuth client it was issued to. */
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly binding: TokenBinding
  /** Every claim, deeply frozen; for matchers and conditions of a policy. */
  readonly claims: Readonly<Record<string, unknown>>
  /** base64url SHA-256 of the text of the token: what it is remembered by. */
  readonly hash: string
}
