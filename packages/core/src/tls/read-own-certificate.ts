import type { OwnFiles } from './file-options.js'
import { parseCertificates } from './parse-pem.js'
import { parsePkcs12 } from './parse-pkcs12.js'
import { askPassphrase, parsePrivateKey } from './parse-private-key.js'
import { findKeyFileWarnings, readBytes, readText } from './read-file.js'
import type { TlsMaterial } from './tls-material.js'

/** The server's certificate and key. */
export type OwnCertificate = Pick<TlsMaterial, 'certificates' | 'key' | 'origin' | 'warnings'>

/**
 * Reads the server's certificate and key, from two PEM files or one of PKCS#12.
 *
 * @throws {TlsMaterialError} naming the file
 * @throws {ConfigurationError} if what reads PKCS#12 is not installed
 */
export function readOwnCertificate(own: OwnFiles): Promise<OwnCertificate> {
  return 'pfx' in own ? readPkcs12(own) : readPem(own)
}

async function readPem({
  cert,
  key: keyFile,
  passphrase,
}: Exclude<OwnFiles, { readonly pfx: string }>): Promise<OwnCertificate> {
  const [certificates, keyText, warnings] = await Promise.all([
    readText(cert, 'certificate').then((text) => parseCertificates(text, cert)),
    readText(keyFile, 'key'),
    findKeyFileWarnings(keyFile),
  ])
  const { key, encrypted } = await parsePrivateKey(keyText, keyFile, passphrase)
  const needless =
    passphrase === undefined || encrypted
      ? []
      : [`${keyFile}: the key is not encrypted; "passphrase" is not needed.`]
  return {
    certificates,
    key,
    origin: Object.freeze({ certificate: cert, key: keyFile }),
    warnings: [...warnings, ...needless],
  }
}

async function readPkcs12({
  pfx,
  passphrase,
}: Extract<OwnFiles, { readonly pfx: string }>): Promise<OwnCertificate> {
  const [bytes, found] = await Promise.all([readBytes(pfx, 'PKCS#12'), findKeyFileWarnings(pfx)])
  const secret = await askPassphrase(passphrase, pfx)
  const { certificates, key, warnings } = await parsePkcs12(bytes, pfx, secret)
  return {
    certificates,
    key,
    origin: Object.freeze({ certificate: pfx, key: pfx }),
    warnings: [...found, ...warnings],
  }
}
