import { createHash, KeyObject, randomUUID, sign } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK } from 'jose'

/** A key pair of a DPoP client. */
export interface ProofKey {
  readonly alg: string
  readonly privateKey: KeyObject
  readonly jwk: JWK
}

export async function createProofKey(alg = 'ES256'): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey: KeyObject.from(privateKey), jwk: await exportJWK(publicKey) }
}

export const toHash = (text: string): string =>
  createHash('sha256').update(text).digest('base64url')

const encode = (text: string): string => Buffer.from(text).toString('base64url')

/**
 * Signs header and claims as they are given, right or wrong: text is taken as the JSON itself. Signed
 * by `node:crypto`, so that no check of a library stands between.
 */
export function signProof(
  key: ProofKey,
  claims: Readonly<Record<string, unknown>> | string,
  header: Readonly<Record<string, unknown>> | string = {},
): string {
  const full =
    typeof header === 'string'
      ? header
      : JSON.stringify({ typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header })
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims)
  const input = `${encode(full)}.${encode(payload)}`
  const digest = /^(EdDSA|Ed25519)$/.test(key.alg) ? null : `sha${key.alg.slice(-3)}`
  const signature = sign(digest, Buffer.from(input), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(key.alg.startsWith('PS') && { padding: 6, saltLength: Number(key.alg.slice(-3)) / 8 }),
  })
  return `${input}.${signature.toString('base64url')}`
}

/** The claims of a right proof. */
export function toClaims(expected: {
  readonly htu: string
  readonly token: string
  readonly nonce: string
  readonly now: number
}): Record<string, unknown> {
  return {
    jti: randomUUID(),
    htm: 'POST',
    htu: expected.htu,
    iat: Math.floor(expected.now / 1000),
    ath: toHash(expected.token),
    nonce: expected.nonce,
  }
}
