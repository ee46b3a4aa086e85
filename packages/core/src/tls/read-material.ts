import type { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TlsMaterialError } from '../errors.js'
import type { CrlReader } from './crl-reader.js'
import { type DenyList, parseDenyList } from './deny-list.js'
import type { AuthorityPaths, FileSettings } from './file-options.js'
import { parseCertificates } from './parse-pem.js'
import { parsePrivateKey } from './parse-private-key.js'
import type { AuthorityMaterial, TlsMaterial } from './tls-material.js'

const othersRead = 0o004

/**
 * Reads and parses every file the settings name, and CRLs at URLs. Says nothing about whether they fit
 * together: `createTlsState` does.
 *
 * @throws {TlsMaterialError} naming the file, and the command that makes one
 */
export async function readMaterial(
  settings: FileSettings,
  crlReader: CrlReader,
): Promise<TlsMaterial> {
  const { cert, key: keyFile, passphrase, minVersion, clientCertificate, onStaleCrl } = settings
  const [certificates, keyText, authorities, denyList, warnings] = await Promise.all([
    readText(cert, 'certificate').then((text) => parseCertificates(text, cert)),
    readText(keyFile, 'key'),
    Promise.all(settings.authorities.map((one) => readAuthority(one, crlReader))),
    readDenyList(settings.denyList),
    readWarnings(keyFile),
  ])
  const { key, encrypted } = await parsePrivateKey(keyText, keyFile, passphrase)
  if (passphrase !== undefined && !encrypted) {
    warnings.push(`${keyFile}: the key is not encrypted; "passphrase" is not needed.`)
  }
  return Object.freeze({
    certificates,
    key,
    authorities,
    denyList,
    onStaleCrl,
    minVersion,
    clientCertificate,
    origin: Object.freeze({ certificate: cert, key: keyFile }),
    warnings: Object.freeze(warnings),
  })
}

async function readAuthority(
  { ca, crl, issuedBy, ...named }: AuthorityPaths,
  crlReader: CrlReader,
): Promise<AuthorityMaterial> {
  const issuers = issuedBy && (await readCas(issuedBy))
  const all = [...(await readCas(ca)), ...(issuers ?? [])]
  const anchors = Object.freeze(
    all.filter((one, index) => all.findIndex((other) => other.raw.equals(one.raw)) === index),
  )
  const origin = [...new Set([...ca, ...(issuedBy ?? [])])].join(', ')
  const authority = Object.freeze({
    ...named,
    anchors,
    ...(issuers && { issuedBy: issuers }),
    origin,
  })
  const readCrl = (file: string) => readBytes(file, 'CRL')
  const crls =
    crl.length === 0
      ? undefined
      : await crlReader.read({ authority, places: crl, readFile: readCrl })
  return Object.freeze({ ...authority, crls })
}

async function readCas(files: readonly string[]): Promise<readonly X509Certificate[]> {
  const read = async (file: string) => parseCertificates(await readText(file, 'CA'), file)
  return Object.freeze((await Promise.all(files.map(read))).flat())
}

async function readDenyList(file: string | undefined): Promise<DenyList | undefined> {
  return file === undefined ? undefined : parseDenyList(await readText(file, 'deny list'), file)
}

async function readText(file: string, what: string): Promise<string> {
  return (await readBytes(file, what)).toString('utf8')
}

async function readBytes(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new TlsMaterialError(`${file}: ${explainFailure(cause, file, what)}`, { cause })
  }
}

function explainFailure(cause: unknown, file: string, what: string): string {
  const advice = toAdvice(what)
  switch (readCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `no such ${what} file (looked for ${resolve(file)}).${advice('one')}`
    case 'EACCES':
    case 'EPERM':
      return `the ${what} file may not be read by this process; check its owner and mode.${advice('another')}`
    case 'EISDIR':
      return `a directory; name the ${what} file in it.${advice('one')}`
    default:
      return `the ${what} file cannot be read (${readCode(cause) ?? 'unknown error'}).`
  }
}

/** CRLs and deny lists are made by nobody but the operator's CA and the operator. */
function toAdvice(what: string): (which: string) => string {
  const isMade = what !== 'CRL' && what !== 'deny list'
  return (which) => (isMade ? ` Make ${which} with: mcp-mtls certs server NAME` : '')
}

function readCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

async function readWarnings(file: string): Promise<string[]> {
  // Windows reports a made-up mode.
  if (process.platform === 'win32') return []
  const found = await stat(file).catch(() => undefined)
  return found === undefined || (found.mode & othersRead) === 0
    ? []
    : [`${file}: every user of this machine can read the private key; run chmod 600 on it.`]
}
