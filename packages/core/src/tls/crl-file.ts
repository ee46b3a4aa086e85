import { TlsMaterialError } from '../errors.js'
import { type Crl, parseCrl } from './crl.js'
import { readElements, tags } from './crl-der.js'
import { explainNoPem, type PemBlock, parsePem } from './parse-pem.js'

/** Some 400,000 revoked certificates; parsing takes the better part of a second then. */
export const maximumCrlSize: number = 16 * 1024 * 1024

/** Far more than there are CAs in an authority; each costs a signature check. */
export const maximumCrls: number = 64
/** Twice what the largest file has; a line costs more than its bytes. */
const maximumLines = 524_288

/**
 * Parses a file of CRLs: PEM with any number of `X509 CRL` blocks and nothing else, or DER, one after
 * the other. Node's `crl` option instead takes the first block only, and an empty text for no checking
 * at all.
 *
 * Not checked: what `parseCrl` leaves out.
 *
 * @throws {TlsMaterialError} naming the file if there is no CRL in it, if one cannot be used, or if there
 * are more than 64
 */
export function parseCrlFile(bytes: Buffer, file: string): readonly Crl[] {
  if (bytes.length > maximumCrlSize) {
    throw new TlsMaterialError(
      `${file}: larger than ${maximumCrlSize} bytes, the most that is read of a CRL.`,
    )
  }
  return Object.freeze(isDer(bytes) ? parseDerFile(bytes, file) : parsePemFile(bytes, file))
}

/** A CRL is longer than 127 bytes, so its second byte is no character of ASCII. */
function isDer(bytes: Buffer): boolean {
  return bytes[0] === tags.sequence && (bytes[1] ?? 0) >= 0x80
}

function parseDerFile(bytes: Buffer, file: string): Crl[] {
  try {
    return readLists(bytes, file).map((whole) => parseCrl(whole, file))
  } catch (cause) {
    if (!(cause instanceof TlsMaterialError) || cause.message.startsWith(file)) throw cause
    throw new TlsMaterialError(`${file}: not a CRL, or cut off: ${cause.message}.`, { cause })
  }
}

/** All of them before the first is parsed, so that a flood costs nothing. */
function readLists(bytes: Buffer, file: string): readonly Buffer[] {
  const lists: Buffer[] = []
  for (const { whole } of readElements(bytes)) {
    if (lists.length === maximumCrls) throw tooMany(file)
    lists.push(whole)
  }
  return lists
}

function parsePemFile(bytes: Buffer, file: string): Crl[] {
  if (holdsMore(bytes, '-----BEGIN ', maximumCrls)) throw tooMany(file)
  if (holdsMore(bytes, '\n', maximumLines)) {
    throw new TlsMaterialError(`${file}: more than ${maximumLines} lines, so no file of CRLs.`)
  }
  const text = bytes.toString('utf8')
  const blocks = parsePem(text, file)
  if (blocks.length === 0) {
    throw new TlsMaterialError(
      `${file}: ${explainNoPem(text)} A CA that has revoked nothing publishes a CRL without entries.`,
    )
  }
  return blocks.map((block, index) => parseBlock(block, placeOf(file, blocks, index)))
}

function holdsMore(bytes: Buffer, text: string, most: number): boolean {
  let offset = bytes.indexOf(text)
  for (let count = 0; offset >= 0; count += 1) {
    if (count === most) return true
    offset = bytes.indexOf(text, offset + text.length)
  }
  return false
}

/** Says that one place holds more CRLs than are taken. */
export function tooMany(place: string): TlsMaterialError {
  return new TlsMaterialError(
    `${place}: more than ${maximumCrls} CRLs in one place; leave out those of other CAs and the older ones.`,
  )
}

function placeOf(file: string, blocks: readonly PemBlock[], index: number): string {
  return blocks.length === 1 ? file : `${file}: block ${index + 1}`
}

function parseBlock({ label, text }: PemBlock, place: string): Crl {
  if (label !== 'X509 CRL') {
    throw new TlsMaterialError(`${place} is a ${label}; the file may hold X509 CRL blocks only.`)
  }
  const body = text.split('\n').slice(1, -2).join('').replaceAll(/\s/g, '')
  const der = Buffer.from(body, 'base64')
  // Buffer.from skips what is not base64; the round trip shows it.
  if (der.toString('base64') !== body) throw new TlsMaterialError(`${place} is not base64.`)
  return parseCrl(der, place)
}
