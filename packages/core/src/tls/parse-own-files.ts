import type { OwnFiles } from './file-options.js'
import { parseLocation, wrong } from './parse-location.js'
import type { Passphrase } from './parse-private-key.js'

/**
 * Parses the options `cert`, `key`, `pfx` and `passphrase`.
 *
 * @throws {ConfigurationError} for a wrong type, `pfx` beside `cert` or `key`, and `pfx` without `passphrase`
 */
export function parseOwnFiles(options: Readonly<Record<string, unknown>>): OwnFiles {
  const { cert, key, pfx } = options
  const passphrase = parsePassphrase(options['passphrase'])
  if (pfx === undefined) {
    return Object.freeze({
      cert: parseLocation(cert, 'cert'),
      key: parseLocation(key, 'key'),
      passphrase,
    })
  }
  if (cert !== undefined || key !== undefined) {
    throw wrong('"pfx" holds certificate and key; leave out "cert" and "key".')
  }
  if (passphrase === undefined) throw wrong('"pfx" needs "passphrase".')
  return Object.freeze({ pfx: parseLocation(pfx, 'pfx'), passphrase })
}

function parsePassphrase(value: unknown): Passphrase | undefined {
  if (value === undefined || isPassphrase(value)) return value
  throw wrong('"passphrase" must be text that is not empty, or a function that answers it.')
}

function isPassphrase(value: unknown): value is Passphrase {
  return typeof value === 'function' || (typeof value === 'string' && value !== '')
}
