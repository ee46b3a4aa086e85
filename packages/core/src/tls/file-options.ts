import { suggestName } from '../closest-name.js'
import { parseTrustDomain } from '../identity/spiffe-id.js'
import { type FileLocation, parseLocation, parseLocations, wrong } from './parse-location.js'

/** The lowest TLS version a server speaks. */
export type MinimumVersion = 'TLSv1.3' | 'TLSv1.2'

/** The CA files of one authority. */
export interface AuthorityFiles {
  /** One PEM file or several; all of them together are the authority's trust anchors. */
  readonly ca: FileLocation | readonly FileLocation[]
  /** SPIFFE trust domains that this authority, and no other, may vouch for. */
  readonly trustDomains?: readonly string[]
}

interface ServerFiles {
  /** PEM file: the server's own certificate first, then the intermediates that clients need. */
  readonly cert: FileLocation
  /** PEM file: the private key of the certificate. */
  readonly key: FileLocation
  /** For an encrypted key. */
  readonly passphrase?: string
  /** `'TLSv1.3'` unless given. `'TLSv1.2'` admits older clients; renegotiation stays off. */
  readonly minVersion?: MinimumVersion
}

interface OneAuthority extends ServerFiles {
  /** PEM file with the CA certificates that vouch for clients: the authority named `default`. */
  readonly ca: FileLocation
  readonly authorities?: never
}

interface SeveralAuthorities extends ServerFiles {
  /** Named sets of CA certificates, for servers whose clients come from more than one issuer. */
  readonly authorities: Readonly<Record<string, AuthorityFiles>>
  readonly ca?: never
}

/** Options of `tlsFromFiles`: exactly one of `ca` and `authorities`. */
export type TlsFileOptions = OneAuthority | SeveralAuthorities

/** An authority whose file names are checked but not yet read. */
export interface AuthorityPaths {
  readonly name: string
  readonly ca: readonly string[]
  readonly trustDomains: readonly string[]
}

/** Checked options: paths only. */
export interface FileSettings {
  readonly cert: string
  readonly key: string
  readonly passphrase: string | undefined
  readonly minVersion: MinimumVersion
  readonly authorities: readonly AuthorityPaths[]
}

const optionNames = ['cert', 'key', 'ca', 'authorities', 'passphrase', 'minVersion']
const authorityOptionNames = ['ca', 'trustDomains']
const authorityName = /^[a-z0-9-]+$/
const alwaysOn =
  'client certificates are always requested and verified in the handshake, leave it out.'
const adviceFor: ReadonlyMap<string, string> = new Map([
  ['requestCert', alwaysOn],
  ['rejectUnauthorized', alwaysOn],
  [
    'ticketKeys',
    'fixed ticket keys let a session outlive the CA that vouched for it, leave it out.',
  ],
  ['pfx', 'write "cert" and "key"; openssl pkcs12 converts.'],
])

/**
 * Parses the options of `tlsFromFiles`. Nothing is coerced and no file is touched.
 *
 * @throws {ConfigurationError} for an unknown name, a wrong type, both or neither of `ca` and `authorities`
 */
export function parseFileOptions(value: unknown): FileSettings {
  const options = parseRecord(value, 'options')
  refuseUnknown(options, optionNames, 'option')
  return Object.freeze({
    cert: parseLocation(options['cert'], 'cert'),
    key: parseLocation(options['key'], 'key'),
    passphrase: parsePassphrase(options['passphrase']),
    minVersion: parseMinimumVersion(options['minVersion']),
    authorities: Object.freeze(parseAuthorities(options['ca'], options['authorities'])),
  })
}

function parseAuthorities(ca: unknown, authorities: unknown): AuthorityPaths[] {
  if (ca !== undefined && authorities !== undefined) {
    throw wrong('"ca" and "authorities" are both given; "ca" is short for one authority "default".')
  }
  if (authorities === undefined) {
    if (ca === undefined) {
      throw wrong('"ca" is missing: the PEM file with the CA certificates that vouch for clients.')
    }
    return [{ name: 'default', ca: [parseLocation(ca, 'ca')], trustDomains: [] }]
  }
  const entries = Object.entries(parseRecord(authorities, 'authorities'))
  if (entries.length === 0) throw wrong('"authorities" is empty; no client could connect.')
  return entries.map(([name, entry]) => parseAuthority(name, entry))
}

function parseAuthority(name: string, value: unknown): AuthorityPaths {
  if (!authorityName.test(name)) {
    throw wrong(`authority name ${JSON.stringify(name)} may only hold a-z, 0-9 and "-".`)
  }
  const entry = parseRecord(value, `authorities.${name}`)
  refuseUnknown(entry, authorityOptionNames, `key of authorities.${name}`)
  return Object.freeze({
    name,
    ca: Object.freeze(parseLocations(entry['ca'], `authorities.${name}.ca`)),
    trustDomains: Object.freeze(parseTrustDomains(entry['trustDomains'], name)),
  })
}

function parseTrustDomains(value: unknown, name: string): string[] {
  if (value === undefined) return []
  const where = `authorities.${name}.trustDomains`
  if (!Array.isArray(value) || value.length === 0) {
    throw wrong(`"${where}" must be a list with at least one trust domain; else leave it out.`)
  }
  return value.map((entry) => parseOneTrustDomain(entry, where))
}

function parseOneTrustDomain(value: unknown, where: string): string {
  const advice = `"${where}" holds ${JSON.stringify(value)}; write the bare name, as in "acme.test".`
  if (typeof value !== 'string') throw wrong(advice)
  try {
    return parseTrustDomain(value)
  } catch (error) {
    throw wrong(advice, error)
  }
}

function parsePassphrase(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') {
    throw wrong('"passphrase" must be text that is not empty.')
  }
  return value
}

function parseMinimumVersion(value: unknown): MinimumVersion {
  if (value === undefined) return 'TLSv1.3'
  if (value === 'TLSv1.3' || value === 'TLSv1.2') return value
  throw wrong(`"minVersion" must be "TLSv1.3" or "TLSv1.2", not ${JSON.stringify(value)}.`)
}

function parseRecord(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  throw wrong(`"${where}" must be an object.`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function refuseUnknown(
  record: Readonly<Record<string, unknown>>,
  known: readonly string[],
  what: string,
): void {
  const name = Object.keys(record).find((key) => !known.includes(key))
  if (name === undefined) return
  const advice = adviceFor.get(name)
  if (advice !== undefined) throw wrong(`${what} "${name}" does not exist: ${advice}`)
  throw wrong(
    `unknown ${what} ${JSON.stringify(name)}.${suggestName(name, known)} Known: ${known.join(', ')}.`,
  )
}
