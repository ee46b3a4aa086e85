import type { CompactJWSHeaderParameters } from 'jose'
import { TokenError } from '../errors.js'
import { type Claims, parseClaims } from './strict-claims.js'

/** A token that has the form of a JWT. Nothing in it was verified. */
export interface CompactJws {
  readonly header: Claims
  readonly claims: Claims
}

/** Signature algorithms a token may use: RFC 7518 section 3.1 without the symmetric ones and `none`, RFC 8037, RFC 9864. */
export const signatureAlgorithms: readonly string[] = Object.freeze([
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
])

/**
 * Keys that come with a token are its own word for itself (RFC 7515 section 4.1 leaves trust in them to
 * the reader); `crit` and `b64` change what the signature is made over (RFC 7797).
 */
const refusedHeaders = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64'] as const

/**
 * Reads the form of a token. Undefined for an opaque one; what begins with a JOSE header is never opaque.
 *
 * @throws {TokenError} 'malformed' for a JOSE header followed by anything but the payload and signature
 * of a compact JWS (RFC 7515 section 7.1), for base64url that is not canonical, and for JSON with a key
 * given twice
 */
export function parseCompactJws(token: string): CompactJws | undefined {
  const parts = token.split('.', 6)
  const [protectedHeader = '', payload = '', signature = ''] = parts
  if (parts.length === 1 || !isJoseHeader(protectedHeader)) return undefined
  if (parts.length !== 3 || decode(signature) === undefined) throw malformed()
  return { header: parsePart(protectedHeader), claims: parsePart(payload) }
}

/**
 * Checks what a header asks for, before anything is fetched or computed for it.
 *
 * @throws {TokenError} 'algorithm' or 'malformed'
 */
export function checkHeader(
  header: Claims,
  algorithms: readonly string[],
): CompactJWSHeaderParameters {
  const { alg, kid } = header
  if (typeof alg !== 'string' || !algorithms.includes(alg))
    throw new TokenError('algorithm', 'the signature algorithm is not accepted')
  const refused = refusedHeaders.find((name) => Object.hasOwn(header, name))
  if (refused !== undefined)
    throw new TokenError('malformed', `the header parameter ${refused} is not accepted`)
  if (kid === undefined) return { alg }
  if (typeof kid !== 'string') throw malformed()
  return { alg, kid }
}

function parsePart(part: string): Claims {
  const bytes = decode(part)
  const claims = bytes && parseClaims(bytes)
  if (claims === undefined) throw malformed()
  return claims
}

/** Buffer also takes base64, white space and bits left over, so that many texts would be one token. */
function decode(part: string): Uint8Array | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined
}

function isJoseHeader(part: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof header === 'object' && header !== null
  } catch {
    return false
  }
}

function malformed(): TokenError {
  return new TokenError('malformed', 'the token is no compact JWS of strict JSON')
}
