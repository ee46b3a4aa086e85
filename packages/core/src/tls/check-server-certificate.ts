import type { X509Certificate } from 'node:crypto'
import { TlsMaterialError } from '../errors.js'
import { isIssuedBy, nameCertificate, toValidity } from './certificate-facts.js'
import { findWeakness } from './key-strength.js'
import type { TlsMaterial } from './tls-material.js'

const serverAuth = '1.3.6.1.5.5.7.3.1'

/**
 * Checks the server's certificate and key as no one else does before clients see them: Node accepts
 * an expired certificate, a wrong usage and a shuffled chain. Returns warnings.
 *
 * Not checked: the host names, which only the client knows; the signature algorithm; revocation.
 *
 * @throws {TlsMaterialError} naming the file and what to do
 */
export function checkServerCertificate(material: TlsMaterial, now: number): readonly string[] {
  const [leaf, ...issuers] = material.certificates
  const file = material.origin.certificate
  if (leaf === undefined) throw new TlsMaterialError(`${file}: no certificate.`)
  checkKey(leaf, issuers, material)
  checkUsage(leaf, file)
  checkChain(material.certificates, file)
  const warnings = material.certificates.flatMap((one) => checkCertificate(one, file, now))
  return leaf.subjectAltName === undefined ? [...warnings, noNames(leaf, file)] : warnings
}

function checkKey(
  leaf: X509Certificate,
  issuers: readonly X509Certificate[],
  { key, origin }: TlsMaterial,
): void {
  if (leaf.checkPrivateKey(key)) return
  if (issuers.some((issuer) => issuer.checkPrivateKey(key))) {
    throw new TlsMaterialError(
      `${origin.certificate}: the certificates are in the wrong order; put the server's own first.`,
    )
  }
  throw new TlsMaterialError(
    `${origin.key}: not the key of the certificate in ${origin.certificate} (${nameCertificate(leaf)}).`,
  )
}

/** RFC 5280 section 4.2.1.12: without the extension every usage is allowed. */
function checkUsage(leaf: X509Certificate, file: string): void {
  // Node types the usages as a list, but they are undefined without the extension.
  const usages: readonly string[] | undefined = leaf.keyUsage
  if (usages === undefined || usages.includes(serverAuth)) return
  throw new TlsMaterialError(
    `${file}: the certificate (${nameCertificate(leaf)}) is not for servers: its extended key usage lacks serverAuth. ${newCertificate}`,
  )
}

/** RFC 8446 section 4.4.2: each following certificate should certify the one before it. */
function checkChain(certificates: readonly X509Certificate[], file: string): void {
  for (const [index, issuer] of certificates.slice(1).entries()) {
    const issued = certificates[index]
    if (issued !== undefined && isIssuedBy(issued, issuer)) continue
    throw new TlsMaterialError(
      `${file}: certificate ${index + 2} (${nameCertificate(issuer)}) did not issue certificate ${index + 1}; write the server's certificate, then its issuer, then that one's issuer.`,
    )
  }
}

function checkCertificate(one: X509Certificate, file: string, now: number): string[] {
  const weakness = findWeakness(one.publicKey)
  if (weakness !== undefined) {
    throw new TlsMaterialError(`${file}: ${nameCertificate(one)}: ${weakness}. ${newCertificate}`)
  }
  switch (toValidity(one, now)) {
    case 'expired':
      throw new TlsMaterialError(
        `${file}: ${nameCertificate(one)} expired on ${one.validTo}. ${newCertificate}`,
      )
    case 'not-yet-valid':
      throw new TlsMaterialError(
        `${file}: ${nameCertificate(one)} is not valid before ${one.validFrom}; check the clock.`,
      )
    case 'expires-soon':
      return [`${file}: ${nameCertificate(one)} expires on ${one.validTo}.`]
    case 'valid':
      return []
  }
}

function noNames(leaf: X509Certificate, file: string): string {
  return `${file}: the certificate (${nameCertificate(leaf)}) has no subject alternative name; most clients refuse it.`
}

const newCertificate = 'Make another with: mcp-mtls certs server NAME'
