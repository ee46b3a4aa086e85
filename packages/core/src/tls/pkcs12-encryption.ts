import type { AlgorithmIdentifier, ICryptoEngine, MacData } from 'pkijs'
import { refuse } from './crl-der.js'
import type { Pkijs } from './load-pkijs.js'

/** What opens a PKCS#12 file. */
export interface Pkcs12Lock {
  readonly pkijs: Pkijs
  readonly engine: ICryptoEngine
  readonly passphrase: string
  /** The same, as the library wants it. */
  readonly password: ArrayBuffer
}

const pbes2 = '1.2.840.113549.1.5.13'
const pbkdf2 = '1.2.840.113549.1.5.12'
const aesCbc: ReadonlySet<string> = new Set([
  '2.16.840.1.101.3.4.1.2',
  '2.16.840.1.101.3.4.1.22',
  '2.16.840.1.101.3.4.1.42',
])
const digests: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'SHA-256'],
  ['2.16.840.1.101.3.4.2.2', 'SHA-384'],
  ['2.16.840.1.101.3.4.2.3', 'SHA-512'],
])
/** OpenSSL writes 2048. The key of the MAC is derived on the thread that answers requests. */
const maximumIterations = 1_000_000

/** The first command decrypts old files too; the second writes what is read here. */
const convert =
  'Convert it: openssl pkcs12 -legacy -in OLD.p12 -out all.pem && openssl pkcs12 -export -in all.pem -out NEW.p12, and remove all.pem'

/**
 * Verifies the MAC over the content of a PKCS#12 file (RFC 7292 section 5.1), which tells a wrong
 * passphrase from a right one, and a file somebody changed from one nobody did.
 *
 * @throws {TlsMaterialError} without the place, if it is absent, not by SHA-2, or wrong
 */
export async function verifyMac(
  mac: MacData | undefined,
  content: ArrayBuffer,
  { engine, password }: Pkcs12Lock,
): Promise<void> {
  if (mac === undefined) return refuse('nothing protects it from changes (no MAC)')
  const hashAlgorithm = digests.get(mac.mac.digestAlgorithm.algorithmId)
  if (hashAlgorithm === undefined) {
    return refuse(`its MAC is not by SHA-2, as in files of old programs. ${convert}`)
  }
  const iterationCount = checkIterations(mac.iterations ?? 1)
  const isRight = await engine.verifyDataStampedWithPassword({
    password,
    hashAlgorithm,
    iterationCount,
    salt: mac.macSalt.getValue(),
    contentToVerify: content,
    signatureToVerify: mac.mac.digest.getValue(),
  })
  if (!isRight) refuse('the passphrase does not open it, or the file was changed')
}

/**
 * Checks that something is encrypted as it should be: AES, by a key of PBKDF2 (RFC 8018).
 *
 * @throws {TlsMaterialError} without the place
 */
export function checkEncryption(
  { algorithmId, algorithmParams }: AlgorithmIdentifier,
  { pkijs }: Pkcs12Lock,
): void {
  if (algorithmId !== pbes2) refuseCipher()
  const { encryptionScheme, keyDerivationFunc } = new pkijs.PBES2Params({ schema: algorithmParams })
  if (!aesCbc.has(encryptionScheme.algorithmId)) refuseCipher()
  if (keyDerivationFunc.algorithmId !== pbkdf2) refuseCipher()
  const { iterationCount } = new pkijs.PBKDF2Params({ schema: keyDerivationFunc.algorithmParams })
  checkIterations(iterationCount)
}

function refuseCipher(): never {
  return refuse(
    `it is not encrypted with AES by a key of PBKDF2, but as by old programs (RC2, 3DES). ${convert}`,
  )
}

function checkIterations(count: number): number {
  return Number.isInteger(count) && count > 0 && count <= maximumIterations
    ? count
    : refuse(`its key takes more than ${maximumIterations} iterations to derive`)
}
