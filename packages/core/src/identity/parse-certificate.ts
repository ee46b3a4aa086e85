import { Certificate, Version } from '@peculiar/asn1-x509'
import { LRUCache } from 'lru-cache'
import { CertificateError } from '../errors.js'
import { parseDer } from './der.js'
import { readDistinguishedName } from './distinguished-name.js'
import { type Extensions, readExtensions } from './extensions.js'
import { verifyStrength } from './key-strength.js'
import { verifyLeafProfile, verifySvidProfile } from './leaf-profile.js'
import type { PeerCertificate, SubjectAlternativeNames } from './peer-certificate.js'
import { parseSpiffeId, type SpiffeId } from './spiffe-id.js'
import { readSubjectAlternativeNames } from './subject-alternative-names.js'
import { thumbprint } from './thumbprint.js'

/** A large client certificate has some 4 KiB; OpenSSL itself lets through about 64. */
const maximumSize = 32 * 1024
const spiffeScheme = /^spiffe:/i

type ParsedCertificate = Omit<PeerCertificate, 'authority'>

// Peers come back with the same certificate, on as many connections as they like. What its bytes say does not change.
const seen = new LRUCache<string, ParsedCertificate>({ max: 256 })

/**
 * Parses a client's leaf certificate and verifies what it says about itself: strict DER, no extension
 * twice, no unknown critical one, sound names, not a certificate authority, fit for client
 * authentication, strong algorithms, and, where a name begins with `spiffe:`, the rules for an
 * X.509-SVID leaf (X509-SVID section 5.2). The result is frozen.
 *
 * Not checked: signature, chain, validity and revocation. A certificate that parses proves nothing.
 *
 * @throws {CertificateError} with reason `malformed`, `certificate-authority`, `key-usage`, `weak-key`
 * or `spiffe-id`
 */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  const key = thumbprint(der)
  const before = seen.get(key)
  if (before !== undefined) return before
  const parsed = parseAnew(der, key)
  seen.set(key, parsed)
  return parsed
}

function parseAnew(der: Uint8Array, key: string): ParsedCertificate {
  const certificate = parseStructure(der)
  const { tbsCertificate } = certificate
  const extensions = readExtensions(tbsCertificate.extensions ?? [])
  verifyLeafProfile(extensions)
  verifyStrength(certificate)
  const names = readSubjectAlternativeNames(extensions)
  const spiffeId = readSpiffeId(names, extensions)
  return Object.freeze({
    thumbprint: key,
    subject: readDistinguishedName(tbsCertificate.subject),
    issuer: readDistinguishedName(tbsCertificate.issuer),
    serialNumber: readSerialNumber(tbsCertificate.serialNumber),
    notBefore: tbsCertificate.validity.notBefore.getTime().getTime(),
    notAfter: tbsCertificate.validity.notAfter.getTime().getTime(),
    names,
    ...(spiffeId && { spiffeId }),
  })
}

function parseStructure(der: Uint8Array): Certificate {
  if (der.length > maximumSize) {
    throw new CertificateError('malformed', `certificate is larger than ${maximumSize} bytes`)
  }
  const certificate = parseDer(der, Certificate, 'certificate')
  const { extensions, version } = certificate.tbsCertificate
  if (extensions !== undefined && version !== Version.v3) {
    throw new CertificateError('malformed', 'extensions in a certificate that is not of version 3')
  }
  return certificate
}

/** X509-SVID section 2: a certificate with a SPIFFE ID has exactly one URI name, and that is it. */
function readSpiffeId(
  names: SubjectAlternativeNames,
  extensions: Extensions,
): SpiffeId | undefined {
  const text = names.uri.find((uri) => spiffeScheme.test(uri))
  if (text === undefined) return undefined
  if (names.uri.length !== 1) {
    throw new CertificateError('spiffe-id', 'certificate with a SPIFFE ID has further URI names')
  }
  const spiffeId = parseSpiffeId(text)
  if (spiffeId.path.length === 0) {
    throw new CertificateError('spiffe-id', 'SPIFFE ID of a client has no path')
  }
  verifySvidProfile(extensions)
  return spiffeId
}

/** As `openssl x509 -serial` prints it. Negative numbers, which RFC 5280 forbids, would print like others. */
function readSerialNumber(serialNumber: ArrayBuffer): string {
  const bytes = Buffer.from(serialNumber)
  if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) {
    throw new CertificateError('malformed', 'serial number is empty or negative')
  }
  const text = bytes.toString('hex').toUpperCase()
  return text.replace(/^(?:00)+(?=..)/, '')
}
