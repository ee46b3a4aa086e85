import type { Attachment } from './attach-server.js'
import { createAttachedServers } from './attached-servers.js'
import { findEnvironmentWarnings } from './environment-warnings.js'
import { createExpiryWatch, type ExpiryLead } from './expiry.js'
import { type AddListener, createListeners, type Listeners } from './listeners.js'
import type { MaterialFeed } from './material-feed.js'
import { createRotation, type Rotation } from './rotation.js'
import type { TlsMaterial } from './tls-material.js'
import { createTlsState, findChanges, type TlsState } from './tls-state.js'
import { type TlsStatus, toExpiring, toStatus } from './tls-status.js'
import type { ConnectionRecord } from './track-connections.js'

/** What a source follows. */
export interface RotatingOptions {
  readonly feed: MaterialFeed
  /** The version of the first material. */
  readonly version: string
  readonly expiryLeads: readonly ExpiryLead[]
}

/** A state that is replaced as a whole while servers run on it. */
export interface TlsRotation {
  readonly state: () => TlsState
  readonly attachment: Attachment
  readonly on: AddListener
  readonly reload: Rotation['reload']
  readonly status: () => TlsStatus
  readonly close: () => void
}

/**
 * Creates the state of a source from its first material, and replaces it with each that its feed brings
 * and that passes every check: on all attached servers, or on none.
 *
 * @throws {TlsMaterialError} {ConfigurationError} as `createTlsState`, for the first material
 */
export function createTlsRotation(material: TlsMaterial, options: RotatingOptions): TlsRotation {
  const first = createFirstState(material)
  let state = first
  const servers = createAttachedServers()
  const expiry = createExpiryWatch(options.expiryLeads, (notice) => {
    listeners.emit('expiry', notice)
  })
  const listeners = createListeners({ expiry: expiry.due })
  expiry.set(toExpiring(state, first))
  const rotation = createRotation({ ...options, replace, onFailure })

  function replace(next: TlsMaterial): void {
    const what = findChanges(state.material, next)
    if (what.length === 0) return
    const isTrustChanged = what.some((change) => change !== 'certificate')
    const epoch = isTrustChanged ? state.epoch + 1 : state.epoch
    const following = createTlsState(next, epoch)
    servers.swap(following.options, state.options)
    state = following
    expiry.set(toExpiring(state, first))
    listeners.emit('update', Object.freeze({ epoch, what: Object.freeze(what) }))
  }

  function onFailure(error: Error): void {
    if (listeners.emit('error', error)) return
    process.emitWarning(`TLS files were not reloaded: ${error.message}`, 'MtlsWarning')
  }

  return Object.freeze({
    state: () => state,
    attachment: {
      ...toRecord(material, listeners),
      servers,
      options: () => state.options,
      epoch: () => state.epoch,
      revocation: () => state.revocation,
    },
    on: listeners.add,
    reload: () => reloadWhole(options.feed, rotation),
    status: () => toStatus(state, rotation.status(), Date.now()),
    close: () => {
      rotation.close()
      expiry.close()
      listeners.clear()
    },
  })
}

/** The files count also where a CRL server is away. */
async function reloadWhole(feed: MaterialFeed, { reload }: Rotation): Promise<void> {
  const [refreshed] = await Promise.allSettled([feed.refresh()])
  await reload()
  if (refreshed.status === 'rejected') throw refreshed.reason
}

function createFirstState(material: TlsMaterial): TlsState {
  const state = createTlsState(material, 0)
  const warnings = Object.freeze([...state.warnings, ...findEnvironmentWarnings()])
  return Object.freeze({ ...state, warnings })
}

function toRecord(
  { origin, authorities, clientCertificate }: TlsMaterial,
  listeners: Listeners,
): Omit<ConnectionRecord, 'epoch' | 'revocation'> {
  return {
    clientCertificate,
    names: {
      certificate: origin.certificate,
      authorities: authorities.map((authority) => authority.origin).join(', '),
    },
    admitted: (connection) => {
      listeners.emit('connection', connection)
    },
    refuse: (refusal) => {
      listeners.emit('refused', refusal)
    },
    epochs: new WeakMap(),
  }
}
