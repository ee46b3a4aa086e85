import type { GeneralName } from '@peculiar/asn1-x509'
import { id_ce_subjectAltName, SubjectAlternativeName } from '@peculiar/asn1-x509'
import { CertificateError } from '../errors.js'
import { type Extensions, readExtension } from './extensions.js'
import type { SubjectAlternativeNames } from './peer-certificate.js'

/** A client certificate names one workload; hundreds of names are an attempt to make us work. */
const maximumNames = 100
/** IA5String without its control characters. */
const printableAscii = /^[\x20-\x7e]+$/

/**
 * Reads the subject alternative names from the extension's DER, never from a text rendering of it
 * (RFC 5280 section 4.2.1.6). Names are taken byte for byte: no case folding, no normalisation. IP
 * addresses, directory names and other kinds count towards the limit and are otherwise ignored.
 *
 * @throws {CertificateError} with reason `malformed` for an empty extension, more than 100 names, or a
 * URI, DNS or e-mail name that is empty or holds anything but printable ASCII
 */
export function readSubjectAlternativeNames(extensions: Extensions): SubjectAlternativeNames {
  const names = readExtension(extensions, id_ce_subjectAltName, SubjectAlternativeName)
  if (names?.length === 0) {
    throw new CertificateError('malformed', 'subject alternative name extension is empty')
  }
  if (names !== undefined && names.length > maximumNames) {
    throw new CertificateError('malformed', `more than ${maximumNames} subject alternative names`)
  }
  const all = Array.from(names ?? [])
  return Object.freeze({
    uri: readKind(all, 'uniformResourceIdentifier'),
    dns: readKind(all, 'dNSName'),
    email: readKind(all, 'rfc822Name'),
  })
}

function readKind(
  names: readonly GeneralName[],
  kind: 'uniformResourceIdentifier' | 'dNSName' | 'rfc822Name',
): readonly string[] {
  const values = names.map((name) => name[kind]).filter((value) => value !== undefined)
  if (!values.every((value) => printableAscii.test(value))) {
    throw new CertificateError('malformed', `${kind} is empty or not printable ASCII`)
  }
  return Object.freeze(values)
}
