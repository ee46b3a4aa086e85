import type { KeyObject } from 'node:crypto'

const curves: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const minimumModulus = 2048

/**
 * Why a public key is too weak to vouch for anybody, or nothing when it is strong enough: RSA from
 * 2048 bits, the NIST curves from P-256, Ed25519 and Ed448. Node lines differ in what OpenSSL
 * itself refuses, so the floor is ours.
 */
export function findWeakness(key: KeyObject): string | undefined {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
    case 'ed448':
      return undefined
    case 'rsa':
    case 'rsa-pss':
      return findShortModulus(key.asymmetricKeyDetails?.modulusLength)
    case 'ec':
      return findOddCurve(key.asymmetricKeyDetails?.namedCurve)
    default:
      return `its key is of a type that is not accepted (${key.asymmetricKeyType})`
  }
}

function findShortModulus(bits = 0): string | undefined {
  return bits >= minimumModulus
    ? undefined
    : `its RSA key has ${bits} bits; ${minimumModulus} is the least`
}

function findOddCurve(curve: string | undefined): string | undefined {
  return curves.has(curve)
    ? undefined
    : `its curve is ${curve}; P-256, P-384 and P-521 are accepted`
}
