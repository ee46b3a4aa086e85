import { type KeyObject, webcrypto, type X509Certificate } from 'node:crypto'
import type { PFX } from 'pkijs'
import { MtlsError, TlsMaterialError } from '../errors.js'
import { readElements, refuse, tags } from './crl-der.js'
import { loadPkijs } from './load-pkijs.js'
import { orderChain, sayUnused } from './order-chain.js'
import { openPart, type Pkcs12Item, readOctets } from './pkcs12-bags.js'
import { type Pkcs12Lock, verifyMac } from './pkcs12-encryption.js'

/** A server's certificate and key out of one file. */
export interface ParsedPkcs12 {
  /** The server's own first, then its issuers in order, without the root. */
  readonly certificates: readonly X509Certificate[]
  readonly key: KeyObject
  readonly warnings: readonly string[]
}

/** A bundle of all public roots is half of that. */
const maximumSize = 1024 * 1024

/**
 * Parses a PKCS#12 file (RFC 7292) with one private key, its certificate and the certificates above it,
 * encrypted with AES and PBKDF2, which is what OpenSSL 3 writes. Nothing in it vouches for clients. No
 * message holds key text, nor what the library behind it says, which could.
 *
 * Not checked: dates and usage; `checkServerCertificate` does.
 *
 * @throws {TlsMaterialError} naming the file, for a wrong passphrase, an old format and any other content
 * @throws {ConfigurationError} if `pkijs` is not installed
 */
export async function parsePkcs12(
  bytes: Buffer,
  file: string,
  passphrase: string,
): Promise<ParsedPkcs12> {
  const pkijs = await loadPkijs()
  const engine = new pkijs.CryptoEngine({ name: 'mcp-mtls', crypto: webcrypto })
  const password = new Uint8Array(Buffer.from(passphrase)).buffer
  try {
    checkFrame(bytes)
    const items = await openFile(pkijs.PFX.fromBER(bytes), { pkijs, engine, passphrase, password })
    return toPair(items, file)
  } catch (error) {
    throw toMaterialError(error, file)
  }
}

function toMaterialError(error: unknown, file: string): TlsMaterialError {
  return error instanceof MtlsError
    ? new TlsMaterialError(`${file}: ${error.message.replace(/\.?$/, '.')}`, { cause: error })
    : new TlsMaterialError(`${file}: not PKCS#12, or broken.`)
}

function checkFrame(bytes: Buffer): void {
  if (bytes.length > maximumSize) refuse(`larger than ${maximumSize} bytes`)
  if (bytes.includes('-----BEGIN'))
    refuse('PEM, not PKCS#12; give "cert" and "key" in place of "pfx"')
  if (!isOneSequence(bytes)) refuse('not PKCS#12, or cut off')
}

function isOneSequence(bytes: Buffer): boolean {
  try {
    const [outer, ...rest] = readElements(bytes)
    return outer?.tag === tags.sequence && rest.length === 0
  } catch {
    return false
  }
}

async function openFile(pfx: PFX, lock: Pkcs12Lock): Promise<readonly Pkcs12Item[]> {
  const { authSafe, macData } = pfx
  if (authSafe.contentType !== lock.pkijs.ContentInfo.DATA) {
    return refuse('it is signed, not locked by a passphrase')
  }
  const content = readOctets(authSafe.content)
  await verifyMac(macData, content, lock)
  const parts = lock.pkijs.AuthenticatedSafe.fromBER(content).safeContents
  return (await Promise.all(parts.map((part) => openPart(part, lock)))).flat()
}

function toPair(items: readonly Pkcs12Item[], file: string): ParsedPkcs12 {
  const [key, second] = items.flatMap((item) => ('key' in item ? [item.key] : []))
  if (key === undefined) return refuse('it holds no private key')
  if (second !== undefined) return refuse('it holds more than one private key')
  const all = items.flatMap((item) => ('certificate' in item ? [item.certificate] : []))
  const { chain, unused } = orderChain(all, key)
  const warnings = unused.length === 0 ? [] : [sayUnused(unused, file)]
  return Object.freeze({ certificates: Object.freeze(chain), key, warnings })
}
