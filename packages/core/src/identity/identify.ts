import { CertificateError } from '../errors.js'
import type { PeerCertificate } from './peer-certificate.js'

/** The kinds of name a certificate can give a principal. */
export type IdentityKind = 'spiffe' | 'uri' | 'dns' | 'email' | 'cn'

/** The one name taken from a certificate. Several values of the kind are sorted and joined with `+`. */
export interface Identity {
  readonly kind: IdentityKind
  readonly value: string
}

/**
 * Chooses the identity of a certificate: the first listed kind it has a name of. `uri` covers every URI
 * name, also a SPIFFE ID; `cn` wants exactly one common name. In each value `%` and `+` are
 * percent-encoded, so that `+` only ever separates values and equal identities are equal sets of names.
 *
 * @throws {CertificateError} with reason `no-identity`
 */
export function identify(certificate: PeerCertificate, kinds: readonly IdentityKind[]): Identity {
  for (const kind of kinds) {
    const values = readValues(certificate, kind)
    if (values.length > 0) return Object.freeze({ kind, value: joinValues(values) })
  }
  throw new CertificateError('no-identity', describeMissing(certificate, kinds))
}

function readValues(certificate: PeerCertificate, kind: IdentityKind): readonly string[] {
  switch (kind) {
    case 'spiffe':
      return certificate.spiffeId === undefined ? [] : [certificate.spiffeId.text]
    case 'cn':
      return readCommonName(certificate)
    default:
      return certificate.names[kind]
  }
}

function readCommonName(certificate: PeerCertificate): readonly string[] {
  const { commonNames } = certificate.subject
  if (commonNames.length > 1) {
    // Which of them a reader takes is up to the reader (CVE-2021-44533), so none is taken.
    throw new CertificateError('no-identity', 'certificate has several common names')
  }
  return commonNames
}

function joinValues(values: readonly string[]): string {
  const escaped = values.map((value) => value.replaceAll('%', '%25').replaceAll('+', '%2B'))
  return [...new Set(escaped)].sort().join('+')
}

function describeMissing(certificate: PeerCertificate, kinds: readonly IdentityKind[]): string {
  const missing = `certificate has no name of the kinds ${kinds.join(', ')}`
  const admitting = present(certificate).filter((kind) => !kinds.includes(kind))
  if (admitting.length === 0) return missing
  const option = [...kinds, ...admitting].map((kind) => `'${kind}'`).join(', ')
  return `${missing}; it has ${admitting.join(' and ')}: admit it with the option identity: [${option}]`
}

function present({ names, subject }: PeerCertificate): readonly IdentityKind[] {
  const counts = {
    uri: names.uri.length > 0,
    dns: names.dns.length > 0,
    email: names.email.length > 0,
    cn: subject.commonNames.length === 1,
  }
  return (['uri', 'dns', 'email', 'cn'] as const).filter((kind) => counts[kind])
}
