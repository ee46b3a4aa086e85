import type { ClientCertificateMode, TlsFileOptions } from './file-options.js'
import { wrong } from './parse-location.js'
import { parseRecord, refuseUnknown } from './parse-record.js'

/** Settings that weaken TLS, in the words in which a caller accepts them. */
export type AcceptedWeakness = 'ssl_cert_reqs: 0' | 'verify: false' | 'check_hostname: false'

/** What a caller says about settings. */
export interface ContextForgeChoices {
  /** Settings that would be refused, and are taken as the documentation of the converter says. */
  readonly accept?: readonly AcceptedWeakness[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** Each setting, and the environment variable that goes before it. */
const variables: ReadonlyMap<string, string> = new Map([
  ['certfile', 'PLUGINS_SERVER_SSL_CERTFILE'],
  ['keyfile', 'PLUGINS_SERVER_SSL_KEYFILE'],
  ['ca_bundle', 'PLUGINS_SERVER_SSL_CA_CERTS'],
  ['keyfile_password', 'PLUGINS_SERVER_SSL_KEYFILE_PASSWORD'],
  ['ssl_cert_reqs', 'PLUGINS_SERVER_SSL_CERT_REQS'],
])
/** Settings of clients that stand in the same file. */
const clientSettings = ['verify', 'check_hostname'] as const
const known = [...variables.keys(), ...clientSettings]
const modes: ReadonlyMap<string, ClientCertificateMode> = new Map([
  ['2', 'required'],
  ['1', 'request'],
])

/**
 * Converts the TLS settings of a ContextForge plugin server into options of `tlsFromFiles`: the mapping
 * under `server.tls` of its YAML, and the environment, which goes before it (an empty variable counts as
 * absent). `ssl_cert_reqs` 2, also where it is absent, becomes `'required'`, 1 becomes `'request'`.
 *
 * 0 is refused, since without a client certificate there is no identity; accepted in words it becomes
 * `'request'`: clients are asked, and may decline. `verify` and `check_hostname` are settings of clients
 * and say nothing about a server; `false` is refused, accepted in words it is left out.
 *
 * Not checked: the files; `tlsFromFiles` does.
 *
 * @throws {ConfigurationError} for an unknown key, a wrong value, and settings that switch TLS or its checks off
 */
export function fromContextForgeSettings(
  settings: unknown,
  environment: Environment = {},
  { accept = [] }: ContextForgeChoices = {},
): TlsFileOptions {
  const record = parseRecord(settings ?? {}, 'settings')
  refuseUnknown(record, { known, what: 'setting' })
  refuseDisabled(environment)
  for (const name of clientSettings) checkClientSetting(name, record[name], accept)
  const read = (name: string): unknown => readSetting(name, record, environment)
  const password = readText('keyfile_password', read)
  return Object.freeze({
    cert: readRequired('certfile', read),
    key: readRequired('keyfile', read),
    ca: readRequired('ca_bundle', read),
    ...(password !== undefined && { passphrase: password }),
    clientCertificate: parseMode(read('ssl_cert_reqs'), accept),
  })
}

function refuseDisabled(environment: Environment): void {
  const value = environment['PLUGINS_SERVER_SSL_ENABLED'] ?? ''
  if (value === '' || value.toLowerCase() === 'true' || value === '1') return
  throw wrong(
    'PLUGINS_SERVER_SSL_ENABLED switches TLS off; without it there is no client certificate. Set it to true, or do not make a TLS source.',
  )
}

function checkClientSetting(
  name: (typeof clientSettings)[number],
  value: unknown,
  accept: readonly AcceptedWeakness[],
): void {
  if (value === undefined || value === true) return
  if (value === false && accept.includes(`${name}: false`)) return
  throw wrong(
    `setting "${name}" must be true: it concerns clients, and no client should be without the check. To take the settings all the same: { accept: ['${name}: false'] }.`,
  )
}

function readSetting(
  name: string,
  record: Readonly<Record<string, unknown>>,
  environment: Environment,
): unknown {
  const value = environment[variables.get(name) ?? '']
  if (value !== undefined && value !== '') return value
  return record[name] ?? undefined
}

function readText(name: string, read: (name: string) => unknown): string | undefined {
  const value = read(name)
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  throw wrong(`setting "${name}" must be text.`)
}

function readRequired(name: string, read: (name: string) => unknown): string {
  const value = readText(name, read)
  if (value !== undefined) return value
  throw wrong(`setting "${name}" is missing; it can also be in ${variables.get(name)}.`)
}

function parseMode(value: unknown, accept: readonly AcceptedWeakness[]): ClientCertificateMode {
  if (value === undefined) return 'required'
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : ''
  const mode = modes.get(text)
  if (mode !== undefined) return mode
  if (text === '0' && accept.includes('ssl_cert_reqs: 0')) return 'request'
  if (text === '0') {
    throw wrong(
      "ssl_cert_reqs 0 asks for no client certificate, and then nobody has an identity; write 2. To ask for one and do without: 1, or { accept: ['ssl_cert_reqs: 0'] }.",
    )
  }
  throw wrong('setting "ssl_cert_reqs" must be 2, or 1.')
}
