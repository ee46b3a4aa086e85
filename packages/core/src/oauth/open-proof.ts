import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose'
import { TokenError } from '../errors.js'
import { isJsonObject } from '../mcp/json-object.js'
import { type CompactJws, parseCompactJws, signatureAlgorithms } from './compact-jws.js'

// Bounds the modulus of the key, and so the work of one signature check.
const longest = 4096
// Of an RSA key's exponent, in base64url: four bytes. The work grows with it too; all that are made have three.
const longestExponent = 6
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * Checks that a DPoP proof is well-formed and signed by the public key it holds (RFC 9449 section 4.3,
 * points 2 to 7). Returns the RFC 7638 thumbprint of that key, and the claims. Where the key is known
 * that it has to be, nothing is computed with another.
 *
 * Does not check the claims but for `exp` and `nbf`, which no proof needs.
 *
 * @throws {TokenError} `proof`
 */
export async function openProof(
  proof: string,
  { now, expected }: { readonly now: number; readonly expected: string | undefined },
): Promise<{ readonly key: string; readonly claims: Readonly<Record<string, unknown>> }> {
  const key = await toThumbprint(readStrict(proof).header['jwk'])
  if (expected !== undefined && key !== expected)
    throw refusal('is not of the key the token is bound to')
  const { payload } = await jwtVerify(proof, EmbeddedJWK, {
    algorithms: [...signatureAlgorithms],
    typ: 'dpop+jwt',
    currentDate: new Date(now),
  }).catch(refuse)
  return { key, claims: payload }
}

async function toThumbprint(jwk: unknown): Promise<string> {
  if (!isJsonObject(jwk) || secretMembers.some((member) => member in jwk)) {
    throw refusal('holds no public key, or more than that')
  }
  const exponent = jwk['e']
  if (typeof exponent === 'string' && exponent.length > longestExponent)
    throw refusal('has an unusable key')
  return calculateJwkThumbprint(jwk).catch(refuse)
}

/** One spelling only, and no key given twice (`parseCompactJws`). */
function readStrict(proof: string): CompactJws {
  try {
    const read = proof.length > longest ? undefined : parseCompactJws(proof)
    if (read !== undefined) return read
  } catch {
    // Said below.
  }
  throw refusal('is no compact JWS of strict JSON within 4 KiB')
}

/** Keeps the code and drops the error, which may hold the claims. */
function refuse(error: unknown): never {
  throw refusal(error instanceof errors.JOSEError ? `fails: ${error.code}` : 'has an unusable key')
}

function refusal(what: string): TokenError {
  return new TokenError('proof', `the DPoP proof ${what}`)
}
