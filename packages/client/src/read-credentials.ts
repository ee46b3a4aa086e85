import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { configurationError } from './errors.js'

/** PEM as text or bytes, or the path of a file with it (relative to the working directory). */
export type PemSource = string | Buffer

export interface CredentialOptions {
  /** The client certificate; intermediates may follow it. */
  readonly cert: PemSource
  /** Its private key. */
  readonly key: PemSource
  /** The authorities a server certificate must lead to; they replace the public ones. */
  readonly ca: PemSource
  /** For an encrypted `key`. */
  readonly passphrase?: string
}

/** What a TLS connection needs, as PEM text. */
export interface Credentials {
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly passphrase?: string
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/**
 * Reads certificate, key and CA, and checks that a handshake with them can succeed: all are PEM, the
 * key is the certificate's, the certificate has not expired and is allowed to be a client.
 *
 * Not checked: whether the server trusts the certificate's issuer, and revocation.
 *
 * @throws {MtlsClientError} ERR_MTLS_CLIENT_CONFIGURATION
 */
export function readCredentials(options: CredentialOptions): Credentials {
  const cert = readPem('cert', options.cert)
  const key = readPem('key', options.key)
  const ca = readPem('ca', options.ca)
  const [leaf] = parseCertificates('cert', cert)
  parseCertificates('ca', ca)
  checkClientCertificate(leaf)
  if (!leaf.checkPrivateKey(parseKey(key, options.passphrase))) {
    throw configurationError(
      'key: is not the key of cert; give the two files that were made together',
    )
  }
  const { passphrase } = options
  return Object.freeze({ cert, key, ca, ...(passphrase === undefined ? {} : { passphrase }) })
}

function readPem(option: string, source: PemSource): string {
  const text = isPath(source) ? readFile(option, source) : source.toString()
  if (text.includes('-----BEGIN ')) return text
  const what = isPath(source) ? `"${source}"` : 'the value'
  throw configurationError(
    `${option}: ${what} holds no PEM (-----BEGIN …); convert it, for example with openssl`,
  )
}

function isPath(source: PemSource): source is string {
  return typeof source === 'string' && !source.includes('-----BEGIN ')
}

function readFile(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw configurationError(
      `${option}: cannot read "${path}"; give the path of a PEM file, or PEM text. ` +
        '`npx mcp-mtls certs client` writes such files',
      cause,
    )
  }
}

function parseCertificates(option: string, pem: string): [X509Certificate, ...X509Certificate[]] {
  const [first, ...others] = pem.match(CERTIFICATE_BLOCK) ?? []
  if (first === undefined) throw configurationError(`${option}: holds no certificate`)
  try {
    return [new X509Certificate(first), ...others.map((block) => new X509Certificate(block))]
  } catch (cause) {
    throw configurationError(`${option}: holds a certificate that cannot be read`, cause)
  }
}

function checkClientCertificate(leaf: X509Certificate): void {
  if (Date.parse(leaf.validTo) < Date.now()) {
    throw configurationError(`cert: expired on ${leaf.validTo}; issue a new one`)
  }
  // Node names the extended key usage `keyUsage`; without that extension every usage is allowed.
  const usages: readonly string[] | undefined = leaf.keyUsage
  if (usages !== undefined && !usages.includes(CLIENT_AUTH)) {
    throw configurationError(
      'cert: is not for clients (its extended key usage lacks clientAuth); ' +
        '`npx mcp-mtls certs client` issues one that is',
    )
  }
}

function parseKey(key: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? { key } : { key, passphrase })
  } catch (cause) {
    throw configurationError(
      'key: is no private key that can be read; for an encrypted key give `passphrase`',
      cause,
    )
  }
}
