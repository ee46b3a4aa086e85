import type { AuditSink, Logger } from '../audit/sinks.js'
import { ConfigurationError } from '../errors.js'
import type { IdentityKind } from '../identity/identify.js'
import { isJsonObject } from '../mcp/json-object.js'
import type { Policy } from '../policy/policy.js'
import { isPolicy } from '../policy/policy.js'
import type { TlsSource } from '../tls/tls-source.js'

/** Bounds on request bodies. */
export interface BodyLimits {
  /** Largest body in bytes; default 1 MiB. */
  readonly bodyBytes?: number
  /** Deepest nesting of objects and arrays; default 64. */
  readonly depth?: number
}

/** What a guard needs to know. The same for every adapter. */
export interface GuardOptions {
  /** Path or file URL of a YAML or JSON policy (a path is relative to the working directory), or a policy from `definePolicy` or `loadPolicy`. */
  readonly policy: string | URL | Policy
  /** Where the server's TLS settings come from. Absent: the application owns its TLS, with one authority called `default`. */
  readonly tls?: TlsSource
  /** Which kinds of name make a principal's name, in order; default `['spiffe', 'uri', 'dns']`. */
  readonly identity?: readonly IdentityKind[]
  /** Origins whose pages may call, such as `https://console.acme.test`; absent: the server's own. */
  readonly origins?: readonly string[]
  /** Values of `Host` to accept; absent: any. */
  readonly hosts?: readonly string[]
  readonly limits?: BodyLimits
  /** Takes every audit event; default: the logger, denials at warn and allows at info. */
  readonly audit?: AuditSink
  /** Default: JSON lines on standard error. */
  readonly logger?: Logger
}

/** Options with every default filled in. */
export interface GuardSettings {
  readonly policy: string | URL | Policy
  readonly tls: TlsSource | undefined
  readonly identity: readonly IdentityKind[]
  readonly origins: readonly string[] | undefined
  readonly hosts: readonly string[] | undefined
  readonly limits: Readonly<Required<BodyLimits>>
  readonly audit: AuditSink | undefined
  readonly logger: Logger | undefined
}

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
  identity: (value) =>
    isListOf(value, (item) => kinds.some((kind) => kind === item)) && value.length > 0
      ? undefined
      : `must be a non-empty list of ${kinds.join(', ')}`,
  origins: (value) =>
    isListOf(value, isOrigin)
      ? undefined
      : 'must be a list of origins such as https://console.acme.test, without a path',
  hosts: (value) =>
    isListOf(value, (item) => typeof item === 'string' && item !== '') && value.length > 0
      ? undefined
      : 'must be a non-empty list of host names, with a port where it is not the default',
  limits: checkLimits,
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
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'))
  return Object.freeze({
    policy: options.policy,
    tls: options.tls,
    identity: Object.freeze([...(options.identity ?? ['spiffe', 'uri', 'dns'])]),
    origins: options.origins && Object.freeze([...options.origins]),
    hosts: options.hosts && Object.freeze([...options.hosts]),
    limits: Object.freeze({ bodyBytes: 1_048_576, depth: 64, ...options.limits }),
    audit: options.audit,
    logger: options.logger,
  })
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!isOption(name)) {
    return `unknown option \`${name}\`; the options are ${Object.keys(checks).join(', ')}`
  }
  const problem = checks[name](value)
  return problem && `\`${name}\` ${problem}`
}

function checkLimits(value: unknown): string | undefined {
  if (!isJsonObject(value)) return 'must be an object with bodyBytes or depth'
  const wrong = Object.entries(value).filter(
    ([name, limit]) =>
      !['bodyBytes', 'depth'].includes(name) ||
      !(limit === undefined || (Number.isSafeInteger(limit) && Number(limit) > 0)),
  )
  if (wrong.length === 0) return undefined
  return `has ${wrong.map(([name]) => `\`${name}\``).join(', ')}; it takes bodyBytes and depth, positive whole numbers`
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
