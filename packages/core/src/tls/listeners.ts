import type { ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { ConfigurationError } from '../errors.js'
import type { ExpiryNotice } from './expiry.js'
import type { HandshakeRefusal } from './handshake-refusal.js'
import type { TlsChange } from './tls-state.js'

/** What changed, and the epoch since. */
export interface TlsUpdate {
  readonly epoch: number
  readonly what: readonly TlsChange[]
}

/** A connection, for as long as it is open: the TLS socket, over HTTP/2 the session. */
export type TlsConnection = TLSSocket | ServerHttp2Session

/** What a TLS source tells. */
interface TlsEvents {
  /** A handshake was good, and the connection was handed on to HTTP. */
  readonly connection: TlsConnection
  /** A handshake was refused. */
  readonly refused: HandshakeRefusal
  /** Something changed and is in force on every attached server. */
  readonly update: TlsUpdate
  /** A change could not be taken; what was in force stays. */
  readonly error: Error
  /** Something expires soon, or has expired. */
  readonly expiry: ExpiryNotice
}

/** Adds a listener for one event; the answer takes it away again. */
export type AddListener = <E extends keyof TlsEvents>(
  event: E,
  listener: (detail: TlsEvents[E]) => void,
) => () => void

/** Who is told of what. */
export interface Listeners {
  /** @throws {ConfigurationError} for an event of another name, or no function */
  readonly add: AddListener
  /** Answers whether anybody was told. */
  readonly emit: <E extends keyof TlsEvents>(event: E, detail: TlsEvents[E]) => boolean
  readonly clear: () => void
}

/** What holds already, for a listener that comes late. */
export type Replay = { readonly [E in keyof TlsEvents]?: () => readonly TlsEvents[E][] }

type Entries = { readonly [E in keyof TlsEvents]: Set<{ call: (detail: TlsEvents[E]) => void }> }

/** Creates an empty list of listeners. */
export function createListeners(replay: Replay = {}): Listeners {
  const entries: Entries = {
    connection: new Set(),
    refused: new Set(),
    update: new Set(),
    error: new Set(),
    expiry: new Set(),
  }
  return Object.freeze({
    add: <E extends keyof TlsEvents>(event: E, call: (detail: TlsEvents[E]) => void) => {
      check(event, call, Object.keys(entries))
      const entry = { call }
      entries[event].add(entry)
      // Later, when the caller knows how to take itself away.
      queueMicrotask(() => {
        if (!entries[event].has(entry)) return
        for (const detail of replay[event]?.() ?? []) callSafely(event, call, detail)
      })
      return () => {
        entries[event].delete(entry)
      }
    },
    emit: <E extends keyof TlsEvents>(event: E, detail: TlsEvents[E]) => {
      for (const { call } of entries[event]) callSafely(event, call, detail)
      return entries[event].size > 0
    },
    clear: () => {
      for (const entry of Object.values(entries)) entry.clear()
    },
  })
}

function check(event: unknown, call: unknown, names: readonly string[]): void {
  if (typeof event !== 'string' || !names.includes(event)) {
    throw new ConfigurationError(`TLS source: the events are ${names.join(', ')}.`)
  }
  if (typeof call !== 'function') {
    throw new ConfigurationError(`TLS source: "${event}" needs a function.`)
  }
}

/** A handshake, which any stranger can start, must not end the process through a listener's bug. */
function callSafely<T>(event: string, call: (detail: T) => void, detail: T): void {
  try {
    call(detail)
  } catch (error) {
    process.emitWarning(`A listener of "${event}" threw: ${String(error)}`, 'MtlsWarning')
  }
}
