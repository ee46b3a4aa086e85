import { closestName } from '../closest-name.js'
import { ConfigurationError } from '../errors.js'
import type { IdentityKind } from '../identity/identify.js'
import { isJsonObject } from '../mcp/json-object.js'
import { checkOAuthOptions } from '../oauth/check-options.js'
import { isPolicy } from '../policy/policy.js'
import { checkObserved } from './observed-authority.js'
import type { GuardOptions, GuardSettings } from './options.js'

const defaultLimits = { bodyBytes: 1_048_576, depth: 64, batch: 0, uniqueKeys: false }

type Check = (value: unknown) => string | undefined

const kinds: readonly IdentityKind[] = ['spiffe', 'uri', 'dns', 'email', 'cn']

const checks: Readonly<Record<keyof GuardOptions, Check>> = {
  policy: (value) =>
    isPolicy(value) || value instanceof URL || (typeof value === 'string' && value !== '')
      ? undefined
      : 'must be a path, a file URL, or the result of definePolicy() or loadPolicy(); wrap a plain object in definePolicy()',
  tls: (value) =>
    isJsonObject(value) && typeof value['attach'] === 'function'
      ? undefined
      : 'must be a TLS source: write `tls: await tlsFromFiles({ cert, key, ca })`',
  // Its problems name their place themselves.
  oauth: () => undefined,
  identity: (value) =>
    isListOf(value, (item) => kinds.some((kind) => kind === item)) && value.length > 0
      ? undefined
      : `must be a non-empty list of ${kinds.join(', ')}`,
  open: (value) =>
    isListOf(value, (item) => typeof item === 'string' && item.startsWith('/'))
      ? undefined
      : "must be a list of paths such as '/health'",
  origins: (value) =>
    isListOf(value, isOrigin)
      ? undefined
      : 'must be a list of origins such as https://console.acme.test, without a path',
  hosts: (value) =>
    isListOf(value, (item) => typeof item === 'string' && item !== '') && value.length > 0
      ? undefined
      : 'must be a non-empty list of host names, with a port where it is not the default',
  limits: checkLimits,
  sessionSecret: (value) =>
    [value].flat().length > 0 && [value].flat().every(isSecret)
      ? undefined
      : 'must be a secret of 32 characters or more, or a list of them',
  enforcement: (value) =>
    value === 'enforce' || value === 'observe' ? undefined : "must be 'enforce' or 'observe'",
  denyStatus: (value) => (value === 200 || value === 403 ? undefined : 'must be 200 or 403'),
  authorize: (value) =>
    typeof value === 'function' ? undefined : 'must be a function that answers true or false',
  maxConnectionAge: (value) =>
    typeof value === 'number' && value > 0 && value <= 86_400
      ? undefined
      : 'must be a number of seconds, more than 0 and at most 86400',
  audit: (value) =>
    typeof value === 'function' ? undefined : 'must be a function that takes an event',
  logger: (value) =>
    isJsonObject(value) &&
    ['info', 'warn', 'error'].every((level) => typeof value[level] === 'function')
      ? undefined
      : 'must have the methods info, warn and error, each taking (fields, message)',
}

/**
 * Checks options given by a program and fills in the defaults.
 *
 * @throws {ConfigurationError} for an unknown option or a wrong value, naming all of them
 */
export function readOptions(options: GuardOptions): GuardSettings {
  if (!isJsonObject(options))
    throw new ConfigurationError('mcpMtls needs options: at least { policy }')
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const problems = given.flatMap(([name, value]) => problemOf(name, value) ?? [])
  if (options.policy === undefined)
    problems.unshift('`policy` is required: write `policy: "policy.yaml"`')
  if (options.oauth !== undefined) problems.push(...checkOAuth(options))
  problems.push(...checkObserved(options))
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'))
  return Object.freeze({
    policy: options.policy,
    tls: options.tls,
    oauth: options.oauth,
    identity: Object.freeze([...(options.identity ?? ['spiffe', 'uri', 'dns'])]),
    open: Object.freeze([...(options.open ?? [])]),
    origins: options.origins && Object.freeze([...options.origins]),
    hosts: options.hosts && Object.freeze([...options.hosts]),
    limits: Object.freeze({ ...defaultLimits, ...options.limits }),
    sessionSecrets:
      options.sessionSecret === undefined ? undefined : [options.sessionSecret].flat(),
    observing: options.enforcement === 'observe',
    denyStatus: options.denyStatus ?? 200,
    authorize: options.authorize,
    maxConnectionAge: options.maxConnectionAge,
    audit: options.audit,
    logger: options.logger,
  })
}

/** What is wrong with the OAuth half, or with how it goes together with the TLS side. */
function checkOAuth({ oauth, tls }: GuardOptions): readonly string[] {
  const problems = checkOAuthOptions(oauth)
  if (problems.length > 0 || tls?.clientCertificate !== 'required') return problems
  const require = oauth?.require ?? 'both'
  if (require === 'both' || require === 'certificate') return []
  return [
    `oauth.require '${require}' is for callers without a certificate, whom the TLS source refuses: set clientCertificate: 'request' in tlsFromFiles`,
  ]
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!isOption(name)) {
    const closest = closestName(name, Object.keys(checks))
    const advice = closest === undefined ? '' : `; did you mean \`${closest}\`?`
    return `unknown option \`${name}\`${advice}; the options are ${Object.keys(checks).join(', ')}`
  }
  const problem = checks[name](value)
  return problem && `\`${name}\` ${problem}`
}

const limitChecks: ReadonlyMap<string, (limit: unknown) => boolean> = new Map([
  ['bodyBytes', (limit) => Number.isSafeInteger(limit) && Number(limit) > 0],
  ['depth', (limit) => Number.isSafeInteger(limit) && Number(limit) > 0],
  ['batch', (limit) => Number.isSafeInteger(limit) && Number(limit) >= 0],
  ['uniqueKeys', (limit) => typeof limit === 'boolean'],
])

function checkLimits(value: unknown): string | undefined {
  const takes =
    'bodyBytes and depth (positive whole numbers), batch (a whole number) and uniqueKeys (true or false)'
  if (!isJsonObject(value)) return `must be an object; it takes ${takes}`
  const wrong = Object.entries(value).filter(([name, limit]) => !limitChecks.get(name)?.(limit))
  if (wrong.length === 0) return undefined
  return `has ${wrong.map(([name]) => `\`${name}\``).join(', ')}; it takes ${takes}`
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 32
}

function isOption(name: string): name is keyof GuardOptions {
  return Object.hasOwn(checks, name)
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isItem)
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value
}
