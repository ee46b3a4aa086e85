import type { X509Certificate } from 'node:crypto'
import { Certificate } from '@peculiar/asn1-x509'
import { MtlsError, TlsMaterialError } from '../errors.js'
import { parseDer } from '../identity/der.js'
import { type DerElement, openFields, readElements, refuse, tags } from './crl-der.js'

/** The names of the distribution points a CRL is for, each as hexadecimal DER; absent for a complete CRL. */
export type CrlScope = ReadonlySet<string> | undefined

// [0] of DistributionPoint and of IssuingDistributionPoint, and within it fullName.
const distributionPoint = 0xa0
const fullName = 0xa0
const idOfPoints = '2.5.29.31'

/**
 * Reads the issuing distribution point of a CRL (RFC 5280 section 5.2.5) that says no more than where the
 * CRL is: then it holds everything revoked among the certificates that name that place.
 *
 * @throws {TlsMaterialError} if it says anything else, such as `onlyContainsUserCerts`
 */
export function readCrlScope(value: Buffer): ReadonlySet<string> {
  try {
    const outer = openFields(value)
    const fields = openFields(outer.take(tags.sequence).content)
    const names = readFullName(fields.take(distributionPoint))
    fields.end()
    outer.end()
    return names
  } catch (cause) {
    if (!(cause instanceof MtlsError)) throw cause
    throw new TlsMaterialError(
      'its issuing distribution point says more than the full name of a place, so it covers only a part of the certificates of its CA; give a complete CRL',
      { cause },
    )
  }
}

/**
 * Whether a CRL speaks for a certificate of its issuer (RFC 5280 section 6.3.3 b): a complete one does; one of a
 * distribution point only if the certificate names that point, for all reasons and under the same issuer.
 * Names are compared byte by byte. A certificate that cannot be read names none.
 */
export function isInScope(certificate: X509Certificate, scope: CrlScope): boolean {
  return scope === undefined || readPointNames(certificate).some((name) => scope.has(name))
}

function readPointNames(certificate: X509Certificate): readonly string[] {
  try {
    const { extensions } = parseDer(certificate.raw, Certificate, 'certificate').tbsCertificate
    const [points, second] = Array.from(extensions ?? []).filter(
      ({ extnID }) => extnID === idOfPoints,
    )
    if (points === undefined || second !== undefined) return []
    return readPoints(Buffer.from(points.extnValue.buffer))
  } catch (error) {
    if (error instanceof MtlsError) return []
    throw error
  }
}

function readPoints(value: Buffer): readonly string[] {
  const outer = openFields(value)
  const points = [...readElements(outer.take(tags.sequence).content)]
  outer.end()
  return points.flatMap((point) => [...readPoint(point)])
}

/** A point with reasons is for these only, and one with a CRL issuer is another's. */
function readPoint({ tag, content }: DerElement): ReadonlySet<string> {
  if (tag !== tags.sequence) return refuse('a distribution point is not a sequence')
  const [place, ...more] = readElements(content)
  if (place?.tag !== distributionPoint || more.length > 0) return new Set()
  // A name relative to the issuer cannot be that of a CRL read here.
  return place.content[0] === fullName ? readFullName(place) : new Set()
}

function readFullName({ content }: DerElement): ReadonlySet<string> {
  const fields = openFields(content)
  const names = [...readElements(fields.take(fullName).content)]
  fields.end()
  if (names.length === 0) return refuse('a distribution point has no name')
  return new Set(names.map(({ whole }) => whole.toString('hex')))
}
