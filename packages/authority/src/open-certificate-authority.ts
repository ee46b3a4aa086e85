import { X509Certificate as NodeCertificate } from 'node:crypto'
import type { CertificateAuthority } from './certificate-authority.js'
import { type KeyPair, parseKeyPair } from './key-pair.js'
import { toCertificatePem } from './sign-certificate.js'
import { toCertificateAuthority } from './signing-authority.js'
import { X509Certificate } from './x509.js'

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** A certificate authority as it is kept in files, in PEM. */
export interface CertificateAuthorityPem {
  /** The certificate of the authority first; for an intermediate, those above it may follow. */
  readonly certificate: string
  /** The private key, not encrypted. */
  readonly key: string
}

/**
 * Opens a certificate authority kept as PEM, to continue issuing with it.
 *
 * Not checked: whether its certificate is still valid, and whether the chain above it verifies.
 *
 * @throws {TypeError} when the PEM holds no CA certificate, or the key is not its key
 */
export async function openCertificateAuthority(
  pem: CertificateAuthorityPem,
): Promise<CertificateAuthority> {
  const blocks = pem.certificate.match(CERTIFICATE_BLOCK) ?? []
  const [certificate, ...above] = blocks.map(parseCertificate)
  if (certificate === undefined) throw new TypeError('there is no certificate in the PEM of the CA')
  const keys = parseKeyPair(pem.key)
  checkAuthority(certificate, keys)
  const chain = [certificate, ...above].filter((one) => one.subject !== one.issuer)
  return toCertificateAuthority(
    Object.freeze({
      certificate,
      key: keys.privateKey,
      chain: chain.map(toCertificatePem).join(''),
    }),
  )
}

function parseCertificate(block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (cause) {
    throw new TypeError('the certificate of the CA cannot be read', { cause })
  }
}

function checkAuthority(certificate: X509Certificate, keys: KeyPair): void {
  const node = new NodeCertificate(Buffer.from(certificate.rawData))
  if (!node.ca) throw new TypeError('the certificate is not that of a CA and cannot issue others')
  if (!node.checkPrivateKey(keys.privateKey)) {
    throw new TypeError('the key is not the key of the CA certificate')
  }
}
