import type { X509Certificate } from 'node:crypto'
import type { CrlReader } from './crl-reader.js'
import { type DenyList, parseDenyList } from './deny-list.js'
import type { AuthorityPaths, FileSettings } from './file-options.js'
import { parseCertificates } from './parse-pem.js'
import { readBytes, readText } from './read-file.js'
import { readOwnCertificate } from './read-own-certificate.js'
import type { AuthorityMaterial, TlsMaterial } from './tls-material.js'

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
  const { minVersion, clientCertificate, onStaleCrl } = settings
  const [own, authorities, denyList] = await Promise.all([
    readOwnCertificate(settings.own),
    Promise.all(settings.authorities.map((one) => readAuthority(one, crlReader))),
    readDenyList(settings.denyList),
  ])
  return Object.freeze({
    ...own,
    warnings: Object.freeze(own.warnings),
    authorities,
    denyList,
    onStaleCrl,
    minVersion,
    clientCertificate,
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
