import { timingSafeEqual } from 'node:crypto'
import { TokenError } from '../errors.js'
import type { AccessToken, TokenBinding } from './access-token.js'

/** What the request itself proves, beside the token. */
export interface BindingFacts {
  /** `x5t#S256` of the certificate of the handshake (or of a trusted proxy's handshake); undefined without one. */
  readonly thumbprint: string | undefined
  /** Whether a token must be bound to the certificate: `binding: 'required'`. */
  readonly required: boolean
  /** How the token was presented. */
  readonly scheme: 'bearer' | 'dpop'
  /** RFC 7638 thumbprint of the key whose proof was verified; undefined without a verified proof. */
  readonly proofKey: string | undefined
}

/**
 * Confirms that a verified token is presented by whom it was issued to. Every binding the token has must
 * hold, asked for or not: the certificate of the connection (RFC 8705 section 3), the key of the proof
 * (RFC 9449 section 7.1). A token bound to a key is never taken as a bearer token, and one that is not
 * is never taken with the `DPoP` scheme. Only a certificate satisfies `required`.
 *
 * Does not verify the token, the proof or the certificate.
 *
 * @throws {TokenError} `binding`: another certificate, none, or a key-bound token sent as `Bearer`;
 * `unbound`: a binding is missing; `proof`: the proof is of another key
 */
export function confirmBinding(
  { binding }: Pick<AccessToken, 'binding'>,
  facts: BindingFacts,
): void {
  confirmCertificate(binding, facts)
  confirmKey(binding, facts)
}

function confirmCertificate({ certificate }: TokenBinding, facts: BindingFacts): void {
  if (certificate === undefined) {
    if (!facts.required) return
    throw new TokenError('unbound', 'the token is not bound to a certificate')
  }
  if (facts.thumbprint === undefined) {
    throw new TokenError('binding', 'the token is bound to a certificate and none is presented')
  }
  if (!isSameHash(certificate, facts.thumbprint)) {
    throw new TokenError('binding', 'the token is bound to another certificate')
  }
}

function confirmKey({ key }: TokenBinding, { scheme, proofKey }: BindingFacts): void {
  if (key === undefined) {
    if (scheme === 'bearer') return
    throw new TokenError('unbound', 'the token is sent as DPoP and is not bound to a key')
  }
  if (scheme === 'bearer') {
    throw new TokenError('binding', 'the token is bound to a key and is sent as Bearer')
  }
  if (proofKey === undefined || !isSameHash(key, proofKey)) {
    throw new TokenError('proof', 'the proof is not of the key the token is bound to')
  }
}

function isSameHash(left: string, right: string): boolean {
  const bytes = decodeHash(left)
  const others = decodeHash(right)
  return bytes !== undefined && others !== undefined && timingSafeEqual(bytes, others)
}

/**
 * The 32 bytes of a SHA-256 in base64url; undefined for any other spelling of them: padding, `+` and `/`,
 * hexadecimal, bits beyond the last byte.
 */
function decodeHash(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === 32 && bytes.toString('base64url') === text ? bytes : undefined
}
