import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  webcrypto,
} from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)

/** The key kinds that can be issued. `rsa-1024` is too weak for use and exists for tests of refusal. */
export type KeyAlgorithm = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-1024' | 'ed25519'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A fresh key pair. */
export function createKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  switch (algorithm) {
    case 'ec-p256':
      return generate('ec', { namedCurve: 'P-256' })
    case 'ec-p384':
      return generate('ec', { namedCurve: 'P-384' })
    case 'rsa-2048':
      return generate('rsa', { modulusLength: 2048 })
    case 'rsa-1024':
      return generate('rsa', { modulusLength: 1024 })
    case 'ed25519':
      return generate('ed25519', {})
    default:
      return Promise.reject(new TypeError(`unknown key algorithm ${String(algorithm)}`))
  }
}

/**
 * The key pair of a private key in PEM.
 *
 * @throws {TypeError} when the text is no unencrypted private key
 */
export function parseKeyPair(pem: string): KeyPair {
  try {
    const privateKey = createPrivateKey(pem)
    return { privateKey, publicKey: createPublicKey(privateKey) }
  } catch (cause) {
    throw new TypeError('the key of the CA is no unencrypted private key in PEM', { cause })
  }
}

export function toPkcs8Pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

export function toSpki(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' })
}

/**
 * The key in the form that signs certificates.
 *
 * @throws {TypeError} for a key kind a CA cannot have here
 */
export async function toSigningKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ format: 'der', type: 'pkcs8' })
  return webcrypto.subtle.importKey('pkcs8', der, toImportAlgorithm(key), false, ['sign'])
}

/** ECDSA needs a hash as long as its curve; the others ignore it (RFC 5758 section 3.2). */
export function toSignatureHash(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve === 'secp384r1') return 'SHA-384'
  return curve === 'secp521r1' ? 'SHA-512' : 'SHA-256'
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

function toImportAlgorithm(
  key: KeyObject,
): webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams | { readonly name: 'Ed25519' } {
  const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (namedCurve !== undefined) return { name: 'ECDSA', namedCurve }
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' }
  throw new TypeError(`a CA cannot sign with a key of type ${key.asymmetricKeyType}`)
}
