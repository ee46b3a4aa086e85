import { RequestError } from '../errors.js'
import { INTERNAL_ERROR } from '../mcp/json-rpc-error.js'
import { toPolicyPath } from '../policy/load.js'
import { isPolicy, type Policy } from '../policy/policy.js'
import { type FileWatch, readFingerprint, watchFiles } from '../watch/watch-files.js'
import type { GuardSettings } from './options.js'
import type { Outcome } from './outcome.js'
import { readPolicy } from './read-policy.js'

/** The policy of a guard: one immutable snapshot at a time, replaced as a whole. */
export interface PolicySource {
  /** Resolves to the first snapshot; rejects with what is wrong. */
  readonly loaded: Promise<Policy>
  /**
   * The snapshot in force, without a wait once there is one.
   *
   * @throws {RequestError} 503 if there is none, or the source is closed
   */
  current(): Outcome<Policy>
  /** Why there is no snapshot in force; empty if there is one. */
  problems(): readonly string[]
  /** Ends the watch on the file. */
  close(): void
}

/** What becomes of a change of the file. */
export interface PolicyChanges {
  /** Told before the new snapshot is in force; if it throws, the old one stays. */
  readonly onReload: (policy: Policy) => void
  /** Told when the new snapshot is in force. */
  readonly onSwap: () => void
  /** Told why a change was not taken; the old snapshot stays. Must not throw. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Loads the policy of a guard, and where it is a file, watches it. A changed file is read, checked and
 * compiled like the first; whatever is wrong with it, the last good snapshot stays in force.
 */
export function createPolicySource(settings: GuardSettings, changes: PolicyChanges): PolicySource {
  let snapshot: Policy | undefined
  let watch: FileWatch | undefined
  let closed = false
  const loaded = load()
  const waiting = loaded.catch((cause: unknown) => {
    throw unavailable('no policy could be loaded', cause)
  })
  waiting.catch(() => undefined)

  async function load(): Promise<Policy> {
    if (isPolicy(settings.policy)) {
      snapshot = await readPolicy(settings)
      return snapshot
    }
    const path = toPolicyPath(settings.policy)
    const paths = [path]
    const seen = await readFingerprint(paths)
    snapshot = await readPolicy(settings)
    if (!closed) watch = watchFiles({ paths, seen, onChange: reload })
    return snapshot
  }

  async function reload(): Promise<void> {
    try {
      const next = await readPolicy(settings)
      if (closed) return
      changes.onReload(next)
      snapshot = next
      changes.onSwap()
    } catch (error) {
      if (!closed) changes.onFailure(error)
    }
  }

  return Object.freeze({
    loaded,
    current(): Outcome<Policy> {
      if (closed) throw unavailable('the guard is closed')
      return snapshot ?? waiting
    },
    problems(): readonly string[] {
      if (closed) return ['the guard is closed']
      return snapshot === undefined ? ['no policy is loaded'] : []
    },
    close(): void {
      closed = true
      watch?.close()
    },
  })
}

function unavailable(what: string, cause?: unknown): RequestError {
  return new RequestError(503, INTERNAL_ERROR, what, { cause })
}
