import type { OnStaleCrl } from './crl-coverage.js'
import type { ClientCertificateMode, FileSettings, MinimumVersion } from './file-options.js'
import { parseAuthorities } from './parse-authorities.js'
import { parseExpiryWarnings } from './parse-expiry-warnings.js'
import { parseLocation, wrong } from './parse-location.js'
import { parseOwnFiles } from './parse-own-files.js'
import { parseRecord, refuseUnknown } from './parse-record.js'

const optionNames = [
  'cert',
  'key',
  'pfx',
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
const alwaysOn =
  "client certificates are always requested, and verified in the handshake; clientCertificate: 'request' admits clients without one."
const adviceFor: ReadonlyMap<string, string> = new Map([
  ['requestCert', alwaysOn],
  ['rejectUnauthorized', alwaysOn],
  [
    'ticketKeys',
    'fixed ticket keys let a session outlive the CA that vouched for it, leave it out.',
  ],
])

/**
 * Parses the options of `tlsFromFiles`. Nothing is coerced and no file is touched.
 *
 * @throws {ConfigurationError} for an unknown name, a wrong type, and options that exclude or need each other
 */
export function parseFileOptions(value: unknown): FileSettings {
  const options = parseRecord(value, 'options')
  refuseUnknown(options, { known: optionNames, what: 'option', adviceFor })
  const clientCertificate = parseClientCertificate(options['clientCertificate'])
  return Object.freeze({
    own: parseOwnFiles(options),
    minVersion: parseMinimumVersion(options['minVersion']),
    clientCertificate,
    authorities: parseAuthorities(options, clientCertificate),
    denyList: parseOptional(options['denyList'], 'denyList'),
    onStaleCrl: parseOnStaleCrl(options['onStaleCrl']),
    expiryLeads: parseExpiryWarnings(options['expiryWarnings']),
  })
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
