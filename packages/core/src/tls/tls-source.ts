import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer, type Server, type ServerOptions } from 'node:https'
import type { Server as TlsServer } from 'node:tls'
import { ConfigurationError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import { applyServerSettings } from './apply-server-settings.js'
import { attachServer } from './attach-server.js'
import { nameCertificate } from './certificate-facts.js'
import { checkAuthorities } from './check-authorities.js'
import { checkServerCertificate } from './check-server-certificate.js'
import type { RefusalNames } from './handshake-refusal.js'
import { createRefusalListeners, type RefusalListener } from './refusal-listeners.js'
import { toServerOptions } from './server-options.js'
import type { TlsMaterial } from './tls-material.js'

export type { HandshakeRefusal } from './handshake-refusal.js'

/** The TLS side of one server: its certificate, and the authorities that vouch for its clients. */
export interface TlsSource {
  readonly authorities: readonly Authority[]
  /** Everything Node needs, complete and frozen; holds the private key. */
  readonly options: Readonly<ServerOptions>
  /** What is odd, but no reason to refuse: to be logged at start. */
  readonly warnings: readonly string[]
  /**
   * Creates a server that is attached. Needs no `this`, so that it can be Fastify's `serverFactory`,
   * whose timeouts in the second argument it applies.
   *
   * @throws {ConfigurationError} for Fastify's `http`, `https` and `http2` options, and after `close`
   */
  readonly createServer: (listener?: RequestListener, settings?: unknown) => Server
  /**
   * Attaches a server of `https` or `http2.createSecureServer` that the application built from
   * `options`, and replaces its secure context by that of the source. Attaching twice is attaching once.
   *
   * @throws {ConfigurationError} if it does not verify clients, has fixed ticket keys, or belongs to another source
   */
  readonly attach: <S extends TlsServer>(server: S) => S
  /** Whether a TLS socket, or an HTTP/2 session, came in through an attached server; also whether a server is attached. */
  readonly isAttached: (connection: object) => boolean
  /** Calls the listener for each refused handshake; the answer ends that. */
  readonly on: (event: 'refused', listener: RefusalListener) => () => void
  /** One line for the startup log. */
  readonly describe: () => string
  /** Ends the events. Servers live on and are closed by whoever made them. */
  readonly close: () => Promise<void>
}

/**
 * Makes a source of material already parsed, after checking that it can be used.
 *
 * Not checked: `NODE_TLS_REJECT_UNAUTHORIZED`, which concerns clients only: servers here always reject.
 *
 * @throws {TlsMaterialError} if certificate, key or CA certificates are unusable
 * @throws {ConfigurationError} if the authorities contradict each other
 */
export function createTlsSource(material: TlsMaterial): TlsSource {
  const now = Date.now()
  const warnings = Object.freeze([
    ...material.warnings,
    ...checkServerCertificate(material, now),
    ...checkAuthorities(material.authorities, now),
  ])
  const options = toServerOptions(material)
  const connections = new WeakSet<object>()
  const listeners = createRefusalListeners()
  const attachment = { options, connections, names: toNames(material), refuse: listeners.emit }
  let closed = false

  const attach = <S extends TlsServer>(server: S): S => {
    if (closed) throw new ConfigurationError('TLS source: it is closed; make a new one.')
    attachServer(server, attachment)
    return server
  }
  const createServer = (listener?: RequestListener, settings?: unknown): Server => {
    checkListener(listener)
    const server = attach(createHttpsServer(options, listener))
    applyServerSettings(server, settings)
    return server
  }
  const source: TlsSource = {
    authorities: toAuthorities(material),
    options,
    warnings,
    createServer,
    attach,
    isAttached: (connection) => connections.has(connection),
    on: listeners.add,
    describe: () => describe(material),
    close: async () => {
      closed = true
      listeners.clear()
    },
  }
  // Out of the sight of loggers: the options hold the private key.
  return Object.freeze(Object.defineProperty(source, 'options', { enumerable: false }))
}

function checkListener(listener: unknown): void {
  if (listener === undefined || typeof listener === 'function') return
  throw new ConfigurationError(
    'createServer: the first argument is the request listener; for options of your own write tls.attach(https.createServer({ ...tls.options, … }, listener)).',
  )
}

function toAuthorities(material: TlsMaterial): readonly Authority[] {
  return Object.freeze(
    material.authorities.map(({ name, anchors, trustDomains }) =>
      Object.freeze({ name, anchors, trustDomains }),
    ),
  )
}

function toNames(material: TlsMaterial): RefusalNames {
  return {
    certificate: material.origin.certificate,
    authorities: material.authorities.map(({ origin }) => origin).join(', '),
  }
}

function describe(material: TlsMaterial): string {
  const [leaf] = material.certificates
  const own = leaf === undefined ? '' : ` (${nameCertificate(leaf)}, until ${leaf.validTo})`
  const authorities = material.authorities.map(
    ({ name, origin, anchors }) => `${name} (${origin}, ${anchors.length} CA)`,
  )
  return `certificate ${material.origin.certificate}${own}; authorities ${authorities.join(', ')}; from ${material.minVersion}`
}
