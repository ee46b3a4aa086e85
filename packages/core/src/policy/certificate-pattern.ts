import { ConfigurationError, MtlsError } from '../errors.js'
import type { IdentityKind } from '../identity/identify.js'
import type { PeerCertificate } from '../identity/peer-certificate.js'
import { parseSpiffeId } from '../identity/spiffe-id.js'
import { checkPatternText, quote } from './pattern.js'
import { allowsUri, parseComparablePattern, toResourceUri } from './resource-uri.js'
import { matchesSegments, parseSegments } from './uri-pattern.js'

/** What an assignment can ask of a certificate. */
export type CertificateKey =
  | 'authority'
  | 'spiffe'
  | 'uri'
  | 'dns'
  | 'email'
  | 'cn'
  | 'ou'
  | 'o'
  | 'issuer'
  | 'thumbprint'

/** The values of a certificate that assignments are compared with. */
export interface CertificateFacts {
  readonly certificate: PeerCertificate
  readonly values: Readonly<Record<CertificateKey, readonly string[]>>
}

/** One value of an assignment's key. */
export interface CertificatePattern {
  /** A certificate can only match if `toIndexKeys` gives this key for it. */
  readonly indexKey: string
  readonly trustDomain?: string
  matches(facts: CertificateFacts): boolean
}

/** Gathers what assignments may look at. A common name counts if there is one, and `cn` is an identity kind. */
export function toCertificateFacts(
  certificate: PeerCertificate,
  kinds: readonly IdentityKind[],
): CertificateFacts {
  const { subject, names, spiffeId } = certificate
  const oneCommonName = kinds.includes('cn') && subject.commonNames.length === 1
  return {
    certificate,
    values: {
      authority: [certificate.authority],
      spiffe: spiffeId === undefined ? [] : [spiffeId.text],
      uri: names.uri,
      dns: names.dns,
      email: names.email,
      cn: oneCommonName ? subject.commonNames : [],
      ou: subject.organizationalUnits,
      o: subject.organizations,
      issuer: [certificate.issuer.text],
      thumbprint: [certificate.thumbprint],
    },
  }
}

/** The index keys of every pattern that could match: few, however many assignments there are. */
export function toIndexKeys({ certificate, values }: CertificateFacts): readonly string[] {
  const keys = Object.entries(values).flatMap(([key, list]) =>
    list.map((value) => `${key}=${value}`),
  )
  for (const name of values.dns) keys.push(`dns-parent=${name.slice(name.indexOf('.'))}`)
  for (const uri of values.uri) keys.push(`uri-origin=${readOrigin(uri)}`)
  if (certificate.spiffeId) keys.push(`trust-domain=${certificate.spiffeId.trustDomain}`)
  return keys
}

/**
 * Parses one value of an assignment's key.
 *
 * @throws {ConfigurationError}
 */
export function parseCertificatePattern(key: CertificateKey, text: string): CertificatePattern {
  checkPatternText(text)
  switch (key) {
    case 'spiffe':
      return parseSpiffePattern(text)
    case 'uri':
      return parseCertificateUriPattern(text)
    case 'dns':
      return parseDnsPattern(text)
    case 'thumbprint':
      return exactValue(key, parseThumbprint(text))
    default:
      return exactValue(key, parseExact(key, text))
  }
}

function exactValue(key: CertificateKey, text: string): CertificatePattern {
  return { indexKey: `${key}=${text}`, matches: ({ values }) => values[key].includes(text) }
}

function parseSpiffePattern(text: string): CertificatePattern {
  if (!text.startsWith('spiffe://')) {
    throw new ConfigurationError(
      `${quote(text)} is no SPIFFE ID: write "spiffe://trust-domain/path", other URIs under "uri"`,
    )
  }
  const [domain = '', ...path] = text.slice('spiffe://'.length).split('/')
  if (domain.includes('*')) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard in its trust domain, which is literal: write one pattern for each trust domain`,
    )
  }
  if (path.length === 0) {
    throw new ConfigurationError(
      `${quote(text)} names no workload: write ${quote(`${text}/**`)} for every workload of the trust domain`,
    )
  }
  const pattern = parseSegments(path)
  const { trustDomain } = parseLiterals(text)
  if (!text.includes('*')) return { ...exactValue('spiffe', text), trustDomain }
  return {
    indexKey: `trust-domain=${trustDomain}`,
    trustDomain,
    matches: ({ certificate: { spiffeId } }) =>
      spiffeId?.trustDomain === trustDomain && matchesSegments(pattern, spiffeId.path),
  }
}

function parseLiterals(text: string): { readonly trustDomain: string } {
  try {
    return parseSpiffeId(text.replaceAll(/\*{1,2}/g, 'x'))
  } catch (error) {
    const problem = error instanceof MtlsError ? error.message : 'is no SPIFFE ID'
    throw new ConfigurationError(`${quote(text)} can never match: ${problem}`, { cause: error })
  }
}

function parseCertificateUriPattern(text: string): CertificatePattern {
  if (/^spiffe:/i.test(text)) {
    throw new ConfigurationError(`${quote(text)} is a SPIFFE ID: write it under "spiffe"`)
  }
  const pattern = parseComparablePattern(text)
  if (pattern.exact) return exactValue('uri', text)
  return {
    indexKey: `uri-origin=${readOrigin(text)}`,
    matches: ({ values }) => values.uri.some((uri) => allowsUri(pattern, toResourceUri(uri))),
  }
}

function parseDnsPattern(text: string): CertificatePattern {
  if (!text.includes('*')) return exactValue('dns', text)
  const parent = text.slice(1)
  if (!text.startsWith('*.') || parent === '.' || parent.includes('*')) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard that is not the whole first label: write "*.example.com" or the exact name`,
    )
  }
  return {
    indexKey: `dns-parent=${parent}`,
    matches: ({ values }) => values.dns.some((name) => isChild(name, parent)),
  }
}

// A wildcard certificate stands for no one host, so its `*` label is not taken as a name.
function isChild(name: string, parent: string): boolean {
  const label = name.slice(0, name.indexOf('.'))
  return label !== '' && label !== '*' && name === label + parent
}

function parseThumbprint(text: string): string {
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text
  const digits = text.replaceAll(':', '')
  const advice = /^[0-9A-Fa-f]{64}$/.test(digits)
    ? `write ${quote(Buffer.from(digits, 'hex').toString('base64url'))}`
    : 'write the 43 base64url characters of x5t#S256'
  throw new ConfigurationError(`is no SHA-256 thumbprint in base64url: ${advice}`)
}

function parseExact(key: CertificateKey, text: string): string {
  if (!text.includes('*')) return text
  throw new ConfigurationError(
    `${quote(text)} has a wildcard, but ${key} is compared exactly: write each value in a list`,
  )
}

function readOrigin(uri: string): string {
  return /^[^:]*:\/\/[^/]*/.exec(uri)?.[0] ?? ''
}
