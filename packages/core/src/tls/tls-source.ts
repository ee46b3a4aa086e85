import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer, type Server, type ServerOptions } from 'node:https'
import type { Server as TlsServer } from 'node:tls'
import { ConfigurationError } from '../errors.js'
import type { Authority } from '../identity/authority.js'
import { applyServerSettings } from './apply-server-settings.js'
import { attachServer } from './attach-server.js'
import { describeMaterial } from './describe-material.js'
import type { ClientCertificateMode } from './file-options.js'
import type { AddListener } from './listeners.js'
import type { Revocation } from './revocation.js'
import type { TlsMaterial } from './tls-material.js'
import { createTlsRotation, type RotatingOptions } from './tls-rotation.js'
import type { TlsStatus } from './tls-status.js'

export type { ExpiryNotice } from './expiry.js'
export type { HandshakeRefusal } from './handshake-refusal.js'
export type { TlsConnection, TlsUpdate } from './listeners.js'
export type { Revocation } from './revocation.js'
export type { TlsChange } from './tls-state.js'
export type { TlsStatus } from './tls-status.js'

/** The TLS side of one server: its certificate, and the authorities that vouch for its clients. */
export interface TlsSource {
  /** Those in force now. */
  readonly authorities: readonly Authority[]
  /** Whether the handshake refuses clients without a verified certificate, or lets them in as nobody. */
  readonly clientCertificate: ClientCertificateMode
  /** Rises with each change of CA certificates, CRLs or deny list, and not with the server's certificate. */
  readonly epoch: number
  /** CRLs and deny list in force now; each epoch has its own. */
  readonly revocation: Revocation
  /** Everything Node needs, complete and frozen, as it is in force now; holds the private key. */
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
   * `options`, and replaces its secure context by that of the source, now and at each change. Attaching
   * twice is attaching once.
   *
   * @throws {ConfigurationError} if it does not treat client certificates as the source does, has fixed ticket keys, or belongs to another source
   */
  readonly attach: <S extends TlsServer>(server: S) => S
  /** Whether a TLS socket, or an HTTP/2 session, came in through an attached server; also whether a server is attached. */
  readonly isAttached: (connection: object) => boolean
  /**
   * The epoch of the context a TLS socket, or an HTTP/2 session, made its handshake with; undefined for
   * one that is not attached. Where it is not `epoch`, the handshake proves nothing about the
   * authorities and CRLs in force now.
   */
  readonly epochOf: (connection: object) => number | undefined
  /**
   * Calls the listener for each event; the answer ends that. Whoever listens for `expiry` is told at once,
   * too, of what is already due. An `error` that nobody listens for becomes a warning of the process.
   */
  readonly on: AddListener
  /**
   * Reads everything anew now, and puts it in force.
   *
   * @throws {TlsMaterialError} if it cannot be used; what was in force stays
   */
  readonly reload: () => Promise<void>
  /** How the source is, for health checks and metrics. */
  readonly status: () => TlsStatus
  /** One line for the startup log. */
  readonly describe: () => string
  /** Ends the watch and the events. Servers live on and are closed by whoever made them. */
  readonly close: () => Promise<void>
}

/**
 * Makes a source of material already parsed, after checking that it can be used, and follows its feed.
 *
 * @throws {TlsMaterialError} if certificate, key or CA certificates are unusable
 * @throws {ConfigurationError} if the authorities contradict each other
 */
export function createTlsSource(material: TlsMaterial, options: RotatingOptions): TlsSource {
  const rotation = createTlsRotation(material, options)
  const { state, attachment } = rotation
  let closed = false

  const attach = <S extends TlsServer>(server: S): S => {
    if (closed) throw new ConfigurationError('TLS source: it is closed; make a new one.')
    attachServer(server, attachment)
    return server
  }
  const createServer = (listener?: RequestListener, settings?: unknown): Server => {
    checkListener(listener)
    const server = attach(createHttpsServer(state().options, listener))
    applyServerSettings(server, settings)
    return server
  }
  const source: TlsSource = {
    get authorities() {
      return state().authorities
    },
    get epoch() {
      return state().epoch
    },
    get revocation() {
      return state().revocation
    },
    get options() {
      return state().options
    },
    get warnings() {
      return state().warnings
    },
    clientCertificate: material.clientCertificate,
    createServer,
    attach,
    isAttached: (connection) =>
      attachment.epochs.has(connection) || attachment.servers.has(connection),
    epochOf: (connection) => attachment.epochs.get(connection),
    on: rotation.on,
    reload: rotation.reload,
    status: rotation.status,
    describe: () => describeMaterial(state().material),
    close: async () => {
      closed = true
      rotation.close()
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
