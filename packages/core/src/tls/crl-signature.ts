import { constants, type VerifyKeyObjectInput, verify, type X509Certificate } from 'node:crypto'
import { Certificate, id_ce_keyUsage, KeyUsage } from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { parseDer } from '../identity/der.js'
import { readDistinguishedName } from '../identity/distinguished-name.js'
import type { Crl, SignedBytes } from './crl.js'

/** What a CA certificate says that matters for the CRLs under its name. */
interface CrlIssuer {
  /** RFC 4514 text; undefined if it cannot be read. */
  readonly name: string | undefined
  /** RFC 5280 section 4.2.1.3: without the extension a key may be used for everything. */
  readonly maySign: boolean
}

// RFC 4055, 5758, 8410; what else `isStrongSignature` admits is EdDSA, which has no hash of its own.
const digests: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
])
const rsassaPss = '1.2.840.113549.1.1.10'
const pssDigests: ReadonlyMap<string, string> = new Map([
  ['201', 'sha256'],
  ['202', 'sha384'],
  ['203', 'sha512'],
])
/** The hash in RSASSA-PSS-params, which `isStrongSignature` has seen to be there. */
const pssHash = /^30[0-7].a0..30..0609608648016503040(201|202|203)/

// The same CA certificates are asked about each CRL.
const issuers = new WeakMap<X509Certificate, CrlIssuer>()
// And the same CRLs are asked for with each read and poll, some of them megabytes long.
const verdicts = new WeakMap<SignedBytes, WeakMap<X509Certificate, boolean>>()

/** Whether a CRL bears the name of this CA certificate. */
export function isNamedAfter(crl: Crl, certificate: X509Certificate): boolean {
  return readCrlIssuer(certificate).name === crl.issuer
}

/** Whether this CA certificate's key signed a CRL and was allowed to. */
export function isCrlSignedBy(crl: Crl, certificate: X509Certificate): boolean {
  if (!isNamedAfter(crl, certificate) || !readCrlIssuer(certificate).maySign) return false
  const known = verdicts.get(crl.signed) ?? new WeakMap<X509Certificate, boolean>()
  verdicts.set(crl.signed, known)
  const verdict = known.get(certificate) ?? isVerified(crl.signed, certificate)
  known.set(certificate, verdict)
  return verdict
}

function isVerified(
  { bytes, algorithm, signature }: SignedBytes,
  certificate: X509Certificate,
): boolean {
  const key = certificate.publicKey
  try {
    if (algorithm.algorithm !== rsassaPss) {
      return verify(digests.get(algorithm.algorithm), bytes, key, signature)
    }
    const parameters = Buffer.from(algorithm.parameters ?? new ArrayBuffer(0)).toString('hex')
    const digest = pssDigests.get(pssHash.exec(parameters)?.[1] ?? '')
    return digest !== undefined && verify(digest, bytes, toPss(key), signature)
  } catch {
    // A key of another kind than the algorithm.
    return false
  }
}

function toPss(key: VerifyKeyObjectInput['key']): VerifyKeyObjectInput {
  return {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  }
}

function readCrlIssuer(certificate: X509Certificate): CrlIssuer {
  const known = issuers.get(certificate)
  if (known !== undefined) return known
  const issuer = parseCrlIssuer(certificate)
  issuers.set(certificate, issuer)
  return issuer
}

function parseCrlIssuer(certificate: X509Certificate): CrlIssuer {
  try {
    const { tbsCertificate } = parseDer(certificate.raw, Certificate, 'CA certificate')
    const usage = Array.from(tbsCertificate.extensions ?? []).find(
      ({ extnID }) => extnID === id_ce_keyUsage,
    )
    return {
      name: readDistinguishedName(tbsCertificate.subject).text,
      maySign: usage === undefined || isForCrls(new Uint8Array(usage.extnValue.buffer)),
    }
  } catch (error) {
    // No certificate of a client that is accepted can name such a CA as its issuer.
    if (error instanceof CertificateError) return { name: undefined, maySign: false }
    throw error
  }
}

/** Bit 6, counted from the most significant of the first byte. */
function isForCrls(value: Uint8Array): boolean {
  const bits = new Uint8Array(parseDer(value, KeyUsage, 'key usage').value)[0] ?? 0
  return (bits & 0x02) !== 0
}
