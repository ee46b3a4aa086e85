import type { OnStaleCrl } from './crl-coverage.js'
import { parseCrlLocations } from './crl-location.js'
import type {
  AuthorityPaths,
  ClientCertificateMode,
  FileSettings,
  MinimumVersion,
} from './file-options.js'
import { isPreset } from './openai-connectors.js'
import { parseExpiryWarnings } from './parse-expiry-warnings.js'
import { parseLeafConditions } from './parse-leaf-conditions.js'
import { parseLocation, parseLocations, wrong } from './parse-location.js'
import type { Passphrase } from './parse-private-key.js'
import { parseRecord, refuseUnknown } from './parse-record.js'
import { parseTrustDomains } from './parse-trust-domains.js'

const optionNames = [
  'cert',
  'key',
  'ca',
  'authorities',
  'passphrase',
  'minVersion',
  'clientCertificate',
  'crl',
  'denyList',
  'onStaleCrl',
  'expiryWarnings',
]
const authorityOptionNames = ['ca', 'crl', 'trustDomains', 'issuedBy', 'dns', 'challenge']
const authorityName = /^[a-z0-9-]+$/
const authorityAdvice: ReadonlyMap<string, string> = new Map([
  [
    'certificate',
    "only an entry that openaiConnectors({ …, certificate: 'observe' }) answered, as it is, may leave its certificate out.",
  ],
])
const alwaysOn =
  "client certificates are always requested, and verified in the handshake; clientCertificate: 'request' admits clients without one."
const adviceFor: ReadonlyMap<string, string> = new Map([
  ['requestCert', alwaysOn],
  ['rejectUnauthorized', alwaysOn],
  [
    'ticketKeys',
    'fixed ticket keys let a session outlive the CA that vouched for it, leave it out.',
  ],
  [
    'pfx',
    'Node makes every certificate in a PKCS#12 file a CA that vouches for clients. Convert it once: openssl pkcs12 -in server.p12 -nokeys -out server.crt && openssl pkcs12 -in server.p12 -nocerts -out server.key, then write "cert", "key" and, as openssl encrypts the key, "passphrase".',
  ],
])

/**
 * Parses the options of `tlsFromFiles`. Nothing is coerced and no file is touched.
 *
 * @throws {ConfigurationError} for an unknown name, a wrong type, both or neither of `ca` and `authorities`
 */
export function parseFileOptions(value: unknown): FileSettings {
  const options = parseRecord(value, 'options')
  refuseUnknown(options, { known: optionNames, what: 'option', adviceFor })
  const clientCertificate = parseClientCertificate(options['clientCertificate'])
  const authorities = Object.freeze(parseAuthorities(options))
  checkObserved(authorities, clientCertificate)
  return Object.freeze({
    cert: parseLocation(options['cert'], 'cert'),
    key: parseLocation(options['key'], 'key'),
    passphrase: parsePassphrase(options['passphrase']),
    minVersion: parseMinimumVersion(options['minVersion']),
    clientCertificate,
    authorities,
    denyList: parseOptional(options['denyList'], 'denyList'),
    onStaleCrl: parseOnStaleCrl(options['onStaleCrl']),
    expiryLeads: parseExpiryWarnings(options['expiryWarnings']),
  })
}

function parseAuthorities(options: Readonly<Record<string, unknown>>): AuthorityPaths[] {
  const { ca, authorities, crl } = options
  if (ca !== undefined && authorities !== undefined) {
    throw wrong('"ca" and "authorities" are both given; "ca" is short for one authority "default".')
  }
  if (authorities === undefined) {
    if (ca === undefined) {
      throw wrong('"ca" is missing: the PEM file with the CA certificates that vouch for clients.')
    }
    const crls = parseCrlLocations(crl, 'crl')
    return [{ name: 'default', ca: parseLocations(ca, 'ca'), crl: crls, trustDomains: [] }]
  }
  if (crl !== undefined) {
    throw wrong('"crl" belongs to an authority: authorities: { NAME: { ca, crl } }.')
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
  refuseUnknown(entry, {
    known: isPreset(value) ? [...authorityOptionNames, 'certificate'] : authorityOptionNames,
    what: `key of authorities.${name}`,
    adviceFor: authorityAdvice,
  })
  return Object.freeze({
    name,
    ca: Object.freeze(parseLocations(entry['ca'], `authorities.${name}.ca`)),
    crl: parseCrlLocations(entry['crl'], `authorities.${name}.crl`),
    trustDomains: Object.freeze(parseTrustDomains(entry['trustDomains'], name)),
    ...parseLeafConditions(entry, `authorities.${name}`),
  })
}

/** What the handshake refuses, nobody can observe; and a peer without certificate can stand for one authority only. */
function checkObserved(
  authorities: readonly AuthorityPaths[],
  clientCertificate: ClientCertificateMode,
): void {
  const [observed, another] = authorities.filter(({ certificate }) => certificate === 'observe')
  if (observed !== undefined && clientCertificate !== 'request') {
    throw wrong(
      `authorities.${observed.name} has certificate: 'observe', and the handshake refuses clients without one: set clientCertificate: 'request'.`,
    )
  }
  if (another === undefined) return
  throw wrong(
    `authorities.${observed?.name} and authorities.${another.name} both have certificate: 'observe'; a client without one could be of either. Leave it to one.`,
  )
}

function parsePassphrase(value: unknown): Passphrase | undefined {
  if (value === undefined || isPassphrase(value)) return value
  throw wrong('"passphrase" must be text that is not empty, or a function that answers it.')
}

function isPassphrase(value: unknown): value is Passphrase {
  return typeof value === 'function' || (typeof value === 'string' && value !== '')
}

function parseOptional(value: unknown, where: string): string | undefined {
  return value === undefined ? undefined : parseLocation(value, where)
}

function parseOnStaleCrl(value: unknown): OnStaleCrl {
  if (value === undefined) return 'deny'
  if (value === 'deny' || value === 'keep') return value
  throw wrong(`"onStaleCrl" must be "deny" or "keep", not ${JSON.stringify(value)}.`)
}

function parseMinimumVersion(value: unknown): MinimumVersion {
  if (value === undefined) return 'TLSv1.3'
  if (value === 'TLSv1.3' || value === 'TLSv1.2') return value
  throw wrong(`"minVersion" must be "TLSv1.3" or "TLSv1.2", not ${JSON.stringify(value)}.`)
}

function parseClientCertificate(value: unknown): ClientCertificateMode {
  if (value === undefined) return 'required'
  if (value === 'required' || value === 'request') return value
  throw wrong(
    `"clientCertificate" must be "required" or "request", not ${JSON.stringify(value)}. To ask for none is no mutual TLS.`,
  )
}
