import type { AuditSink, Logger } from '../audit/sinks.js'
import type { IdentityKind } from '../identity/identify.js'
import type { Operation } from '../mcp/operation.js'
import type { OAuthOptions } from '../oauth/options.js'
import type { Policy } from '../policy/policy.js'
import type { Principal } from '../policy/principal.js'
import type { TlsSource } from '../tls/tls-source.js'

/** What the second opinion is asked about. */
export interface AuthorizeQuestion {
  readonly principal: Principal
  readonly operation: Operation
}

/** Bounds on request bodies. */
export interface BodyLimits {
  /** Largest body in bytes; default 1 MiB. */
  readonly bodyBytes?: number
  /** Deepest nesting of objects and arrays; default 64. */
  readonly depth?: number
  /** Most messages in a legacy batch; default 0: arrays are refused. */
  readonly batch?: number
  /** Refuse a key given twice, for applications that forward the raw body to another process; default false. */
  readonly uniqueKeys?: boolean
}

/** What a guard needs to know. The same for every adapter. */
export interface GuardOptions {
  /** Path or file URL of a YAML or JSON policy (a path is relative to the working directory), or a policy from `definePolicy` or `loadPolicy`. */
  readonly policy: string | URL | Policy
  /** Where the server's TLS settings come from. Absent: the application owns its TLS, with one authority called `default`. */
  readonly tls?: TlsSource
  /** Access tokens beside the certificate; absent: the certificate alone. */
  readonly oauth?: OAuthOptions
  /** Which kinds of name make a principal's name, in order; default `['spiffe', 'uri', 'dns']`. */
  readonly identity?: readonly IdentityKind[]
  /**
   * Routes of the application that peers without a certificate may reach where the TLS source lets such peers in, as
   * `['/health']`; exact paths (Fastify: route patterns). The well-known documents always are.
   */
  readonly open?: readonly string[]
  /** Origins whose pages may call, such as `https://console.acme.test`; absent: the server's own. */
  readonly origins?: readonly string[]
  /** Values of `Host` to accept; absent: any. */
  readonly hosts?: readonly string[]
  readonly limits?: BodyLimits
  /**
   * What the ids of sessions and tasks are sealed with: 32 characters or more; the first of a list seals, all verify. Give
   * replicas the same. Default: random for each process.
   */
  readonly sessionSecret?: string | readonly string[]
  /** `'observe'` lets through what the policy denies and audits it as `would-deny`; default `'enforce'`. */
  readonly enforcement?: 'enforce' | 'observe'
  /** HTTP status of a denial; default 200, which both SDK clients hand on with its code. */
  readonly denyStatus?: 200 | 403
  /** A second opinion on what the policy allows, but for lists and the handshake. Anything but `true` within two seconds denies. */
  readonly authorize?: (question: AuthorizeQuestion) => Promise<boolean> | boolean
  /** Seconds after which a connection is closed once its requests are answered, at most 86400; default: never. */
  readonly maxConnectionAge?: number
  /** Takes every audit event; default: the logger, denials at warn and allows at info. */
  readonly audit?: AuditSink
  /** Default: JSON lines on standard error. */
  readonly logger?: Logger
}

/** Options with every default filled in. */
export interface GuardSettings {
  readonly policy: string | URL | Policy
  readonly tls: TlsSource | undefined
  readonly oauth: OAuthOptions | undefined
  readonly identity: readonly IdentityKind[]
  readonly open: readonly string[]
  readonly origins: readonly string[] | undefined
  readonly hosts: readonly string[] | undefined
  readonly limits: Readonly<Required<BodyLimits>>
  readonly sessionSecrets: readonly string[] | undefined
  readonly observing: boolean
  readonly denyStatus: 200 | 403
  readonly authorize: GuardOptions['authorize']
  readonly maxConnectionAge: number | undefined
  readonly audit: AuditSink | undefined
  readonly logger: Logger | undefined
}
