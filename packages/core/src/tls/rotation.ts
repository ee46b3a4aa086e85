import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError } from '../errors.js'
import { type MaterialFeed, readConsistently } from './material-feed.js'
import type { TlsMaterial } from './tls-material.js'

/** What a rotation is made of. */
export interface RotationOptions {
  readonly feed: MaterialFeed
  /** The version in force. */
  readonly version: string
  /** Checks material and puts it in force; throws and changes nothing if it cannot. */
  readonly replace: (material: TlsMaterial) => void
  /** Told why a change was not taken, once for each reason in a row. Must not throw. */
  readonly onFailure: (error: Error) => void
}

/** How a rotation went so far. */
export interface RotationStatus {
  /** When material was last read and found good, in milliseconds since the epoch. */
  readonly lastReload: number
  /** What is wrong since. */
  readonly lastError?: Error
  /** How often it was read anew, since the start, and found good. */
  readonly reloads: number
  /** How often not: the attempts that one change takes are one. */
  readonly failedReloads: number
}

/** Follows a feed. */
export interface Rotation {
  /** Reads now; rejects with what is wrong. */
  readonly reload: () => Promise<void>
  readonly status: () => RotationStatus
  readonly close: () => void
}

/** A certificate without its new key is no fault until the writer had time for both. */
const attempts = 9
const pause = 250
/** What was wrong can end without a change of the files: a clock set right, a passphrase service back. */
const retryTime = 5_000

/**
 * Follows a feed: each change is read as one consistent set and replaces what is in force, or, with
 * anything wrong, nothing. Changes that do not fit together are given two seconds to become complete.
 */
export function createRotation(options: RotationOptions): Rotation {
  const { feed, version, onFailure } = options
  const loader = createLoader(options)
  const tally = createTally()
  let told: string | undefined
  let following = false
  let changed = false

  function tell(error: Error): void {
    if (loader.isClosed() || error.message === told) return
    told = error.message
    onFailure(error)
  }

  async function follow(): Promise<void> {
    changed = true
    if (following) return
    following = true
    while (changed) {
      changed = false
      const error = await attempt(loader)
      tally.count(error)
      if (error === undefined) told = undefined
      else tell(error)
    }
    following = false
  }

  feed.watch(version, { onChange: follow, onError: (error) => tell(toError(error)) })
  const retry = setInterval(() => {
    if (loader.status().lastError !== undefined) void follow()
  }, retryTime)
  retry.unref()

  return Object.freeze({
    reload: () => tally.follow(loader.reload()),
    status: () => ({ ...loader.status(), ...tally.read() }),
    close: () => {
      loader.close()
      clearInterval(retry)
      feed.close()
    },
  })
}

interface Tally {
  readonly count: (error: Error | undefined) => void
  /** Counts how it ends, and ends likewise. */
  readonly follow: (reload: Promise<void>) => Promise<void>
  readonly read: () => Pick<RotationStatus, 'reloads' | 'failedReloads'>
}

function createTally(): Tally {
  let [reloads, failedReloads] = [0, 0]
  const count = (error: Error | undefined): void => {
    if (error === undefined) reloads += 1
    else failedReloads += 1
  }
  return {
    count,
    follow: async (reload) => {
      const error = await reload.then(() => undefined, toError)
      count(error)
      if (error !== undefined) throw error
    },
    read: () => ({ reloads, failedReloads }),
  }
}

async function attempt({ reload, isClosed }: Loader): Promise<Error | undefined> {
  for (let left = attempts; !isClosed(); left -= 1) {
    const error = await reload().then(() => undefined, toError)
    if (error === undefined || left === 1) return error
    await sleep(pause, undefined, { ref: false })
  }
  return undefined
}

interface Loader extends Pick<Rotation, 'reload' | 'close'> {
  readonly status: () => Pick<RotationStatus, 'lastReload' | 'lastError'>
  readonly isClosed: () => boolean
}

/** Reads and replaces, one after the other. */
function createLoader({ feed, replace }: RotationOptions): Loader {
  let lastReload = Date.now()
  let lastError: Error | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let closed = false

  async function load(): Promise<void> {
    if (closed) throw new ConfigurationError('TLS source: it is closed; make a new one.')
    try {
      const { material } = await readConsistently(feed)
      if (closed) return
      replace(material)
      lastReload = Date.now()
      lastError = undefined
    } catch (error) {
      lastError = toError(error)
      throw lastError
    }
  }

  return {
    reload: () => {
      const outcome = queue.then(load)
      queue = outcome.catch(() => undefined)
      return outcome
    },
    status: () => ({ lastReload, ...(lastError && { lastError }) }),
    isClosed: () => closed,
    close: () => {
      closed = true
    },
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
