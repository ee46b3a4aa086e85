import { X509Certificate } from 'node:crypto'
import { TlsMaterialError } from '../errors.js'

/** One encapsulated text of a PEM file (RFC 7468 section 2), markers included. */
export interface PemBlock {
  readonly label: string
  readonly text: string
}

interface OpenBlock {
  readonly label: string
  readonly line: number
  readonly lines: string[]
}

const marker = /^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]*)-----$/
/** A base64 line outside of every block is a block that lost its markers. */
const strayBase64 = /^[A-Za-z0-9+/]{40,}={0,2}$/

/**
 * Parses a PEM file whole: every BEGIN has its END, and nothing but explanatory text
 * (RFC 7468 section 5.2) stands between blocks. Node instead drops what it cannot parse.
 *
 * @throws {TlsMaterialError} naming the file and the line
 */
export function parsePem(text: string, file: string): readonly PemBlock[] {
  const blocks: PemBlock[] = []
  let open: OpenBlock | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trimEnd()
    const [, edge, label] = marker.exec(line) ?? []
    const place = `${file} line ${index + 1}`
    if (edge === undefined || label === undefined) takeText(open, line, place)
    else if (edge === 'BEGIN')
      open = openBlock(open, { label, line: index + 1, lines: [line] }, place)
    else {
      blocks.push(closeBlock(open, label, place))
      open = undefined
    }
  }
  if (open !== undefined) {
    throw new TlsMaterialError(
      `${file}: the ${open.label} that begins in line ${open.line} has no end; the file is cut off.`,
    )
  }
  return blocks
}

/**
 * Parses a PEM file of certificates and nothing else.
 *
 * @throws {TlsMaterialError} if there is none, if one does not parse, or if the file holds anything else
 */
export function parseCertificates(text: string, file: string): readonly X509Certificate[] {
  const blocks = parsePem(text, file)
  if (blocks.length === 0) throw new TlsMaterialError(`${file}: ${explainNoPem(text)}`)
  return blocks.map((block, index) => parseCertificate(block, `${file}: block ${index + 1}`))
}

/** Why a file without a single PEM block is not what was meant. */
export function explainNoPem(text: string): string {
  if (text.trim() === '') return 'the file is empty.'
  if (text.includes('\0')) return 'not PEM but binary, perhaps DER; convert it with openssl.'
  return 'no PEM block ("-----BEGIN …-----") in the file.'
}

function takeText(open: OpenBlock | undefined, line: string, place: string): void {
  if (line.includes('-----')) throw new TlsMaterialError(`${place}: a broken PEM marker.`)
  if (open !== undefined) {
    open.lines.push(line)
    return
  }
  if (strayBase64.test(line)) {
    throw new TlsMaterialError(`${place}: base64 outside of every PEM block; a marker is missing.`)
  }
}

function openBlock(open: OpenBlock | undefined, next: OpenBlock, place: string): OpenBlock {
  if (open === undefined) return next
  throw new TlsMaterialError(
    `${place}: a PEM block begins inside the ${open.label} of line ${open.line}.`,
  )
}

function closeBlock(open: OpenBlock | undefined, label: string, place: string): PemBlock {
  if (open === undefined || open.label !== label) {
    throw new TlsMaterialError(`${place}: the end of a ${label} that never began.`)
  }
  return { label, text: [...open.lines, `-----END ${label}-----`, ''].join('\n') }
}

function parseCertificate(block: PemBlock, place: string): X509Certificate {
  if (block.label !== 'CERTIFICATE') {
    throw new TlsMaterialError(
      `${place} is a ${block.label}; the file may hold CERTIFICATE blocks only.`,
    )
  }
  const body = block.text.split('\n').slice(1, -2).join('').replaceAll(/\s/g, '')
  const der = Buffer.from(body, 'base64')
  // Buffer.from skips what is not base64; the round trip shows it.
  if (der.toString('base64') !== body) throw new TlsMaterialError(`${place} is not base64.`)
  return parseDerCertificate(der, place)
}

/**
 * Parses the DER of one certificate.
 *
 * @throws {TlsMaterialError} naming the place, if it is none, or there is more than it
 */
export function parseDerCertificate(der: Buffer, place: string): X509Certificate {
  const certificate = readCertificate(der, place)
  if (certificate.raw.equals(der)) return certificate
  throw new TlsMaterialError(`${place} holds more bytes than its certificate.`)
}

function readCertificate(der: Buffer, place: string): X509Certificate {
  try {
    const certificate = new X509Certificate(der)
    // Throws for a kind of key this OpenSSL does not know, which no later check could judge.
    void certificate.publicKey
    return certificate
  } catch (cause) {
    throw new TlsMaterialError(`${place} is not an X.509 certificate this Node can use.`, { cause })
  }
}
