import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TlsMaterialError } from '../errors.js'
import type { AuthorityPaths, FileSettings } from './file-options.js'
import { parseCertificates } from './parse-pem.js'
import { parsePrivateKey } from './parse-private-key.js'
import type { NamedAuthority, TlsMaterial } from './tls-material.js'

const othersRead = 0o004

/**
 * Reads and parses every file the settings name. Says nothing about whether they fit together:
 * `checkServerCertificate` and `checkAuthorities` do.
 *
 * @throws {TlsMaterialError} naming the file, and the command that makes one
 */
export async function readMaterial(settings: FileSettings): Promise<TlsMaterial> {
  const { cert, key: keyFile, passphrase, minVersion } = settings
  const [certificates, keyText, authorities, warnings] = await Promise.all([
    readText(cert, 'certificate').then((text) => parseCertificates(text, cert)),
    readText(keyFile, 'key'),
    Promise.all(settings.authorities.map(readAuthority)),
    readWarnings(keyFile),
  ])
  const { key, encrypted } = parsePrivateKey(keyText, keyFile, passphrase)
  if (passphrase !== undefined && !encrypted) {
    warnings.push(`${keyFile}: the key is not encrypted; "passphrase" is not needed.`)
  }
  return Object.freeze({
    certificates,
    key,
    authorities,
    minVersion,
    origin: Object.freeze({ certificate: cert, key: keyFile }),
    warnings: Object.freeze(warnings),
  })
}

async function readAuthority({ name, ca, trustDomains }: AuthorityPaths): Promise<NamedAuthority> {
  const read = async (file: string) => parseCertificates(await readText(file, 'CA'), file)
  const all = (await Promise.all(ca.map(read))).flat()
  const anchors = all.filter(
    (one, index) => all.findIndex((other) => other.raw.equals(one.raw)) === index,
  )
  return Object.freeze({
    name,
    anchors: Object.freeze(anchors),
    trustDomains,
    origin: ca.join(', '),
  })
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new TlsMaterialError(`${file}: ${explainFailure(cause, file, what)}`, { cause })
  }
}

function explainFailure(cause: unknown, file: string, what: string): string {
  switch (readCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `no such ${what} file (looked for ${resolve(file)}). Make one with: mcp-mtls certs server NAME`
    case 'EACCES':
    case 'EPERM':
      return `the ${what} file may not be read by this process; check its owner and mode. Make another with: mcp-mtls certs server NAME`
    case 'EISDIR':
      return `a directory; name the ${what} file in it. Make one with: mcp-mtls certs server NAME`
    default:
      return `the ${what} file cannot be read (${readCode(cause) ?? 'unknown error'}).`
  }
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
