import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose'
import { TokenError } from '../errors.js'
import { parseCompactJws, signatureAlgorithms } from './compact-jws.js'

// Bounds the modulus of the key, and so the work of one signature check.
const longest = 4096
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * Checks that a DPoP proof is well-formed and signed by the public key it holds (RFC 9449 section 4.3,
 * points 2 to 7). Returns the RFC 7638 thumbprint of that key, and the claims.
 *
 * Does not check the claims but for `exp` and `nbf`, which no proof needs.
 *
 * @throws {TokenError} `proof`
 */
export async function openProof(
  proof: string,
  now: number,
): Promise<{ readonly key: string; readonly claims: Readonly<Record<string, unknown>> }> {
  if (proof.length > longest || !isStrict(proof))
    throw refusal('is no compact JWS of strict JSON within 4 KiB')
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    algorithms: [...signatureAlgorithms],
    typ: 'dpop+jwt',
    currentDate: new Date(now),
  }).catch(refuse)
  return { key: await toThumbprint(protectedHeader.jwk), claims: payload }
}

async function toThumbprint(jwk: JWK | undefined): Promise<string> {
  if (jwk === undefined || secretMembers.some((member) => member in jwk)) {
    throw refusal('holds more than a public key')
  }
  return calculateJwkThumbprint(jwk).catch(refuse)
}

/** One spelling only, and no key given twice (`parseCompactJws`). */
function isStrict(proof: string): boolean {
  try {
    return parseCompactJws(proof) !== undefined
  } catch {
    return false
  }
}

/** Keeps the code and drops the error, which may hold the claims. */
function refuse(error: unknown): never {
  throw refusal(error instanceof errors.JOSEError ? `fails: ${error.code}` : 'has an unusable key')
}

function refusal(what: string): TokenError {
  return new TokenError('proof', `the DPoP proof ${what}`)
}
