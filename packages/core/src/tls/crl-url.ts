import type { Crl } from './crl.js'
import { createCrlCache } from './crl-cache.js'
import type { NamedAuthority } from './tls-material.js'

/** The CRLs at one URL, kept fresh. */
export interface CrlUrl {
  /**
   * The CRLs in use if one is of a CA of this authority, else those the server has now; downloads that run
   * along are joined. From then on the URL is asked again, and what is newer for the authority of the last
   * read comes into use.
   *
   * Of lists that no CA of the authority is named after, one is answered too, for `checkCrls` to warn.
   *
   * @throws {TlsMaterialError} if there are none of the authority
   */
  readonly read: (authority: NamedAuthority) => Promise<readonly Crl[]>
  /**
   * Asks the server now whether it has something newer, for the next read.
   *
   * @throws {TlsMaterialError} if it has no answer that can be used; what was in use stays
   */
  readonly refresh: () => Promise<void>
  /** Ends polling and whatever runs. */
  readonly close: () => void
}

export interface CrlUrlOptions {
  readonly url: URL
  /** Newer CRLs have passed and are what `read` answers now. */
  readonly onUpdate: () => void
  /** A poll failed; what was in use stays in use until it is stale. */
  readonly onError: (error: unknown) => void
}

const shortest = 60_000
const longest = 3_600_000

/**
 * Creates a reader of the CRLs at a URL. It asks again after a quarter of the time left to the next
 * `nextUpdate`, at least every hour and at most every minute; each minute after a failure. An older list
 * than the one in use, as a cache or a man in the middle may answer, changes nothing, nor does one that is
 * left out.
 */
export function createCrlUrl({ url, onUpdate, onError }: CrlUrlOptions): CrlUrl {
  const closing = new AbortController()
  const cache = createCrlCache(url, closing.signal)
  let timer: NodeJS.Timeout | undefined

  function schedule(delay: number): void {
    clearTimeout(timer)
    if (closing.signal.aborted) return
    timer = setTimeout(poll, delay)
    timer.unref()
  }

  function poll(): void {
    timer = undefined
    cache.refresh().then(
      (changed) => {
        schedule(toDelay(cache.crls(), Date.now()))
        if (changed) onUpdate()
      },
      (error: unknown) => {
        schedule(shortest)
        if (!closing.signal.aborted) onError(error)
      },
    )
  }

  return Object.freeze({
    async read(authority: NamedAuthority): Promise<readonly Crl[]> {
      const crls = await cache.read(authority)
      // Not anew: whoever reads often would put the next question off for ever.
      if (timer === undefined) schedule(toDelay(cache.crls(), Date.now()))
      return crls
    },
    async refresh(): Promise<void> {
      await cache.refresh()
    },
    close(): void {
      closing.abort()
      clearTimeout(timer)
    },
  })
}

function toDelay(crls: readonly Crl[], now: number): number {
  const left = Math.min(...crls.map(({ nextUpdate }) => nextUpdate)) - now
  return Math.min(longest, Math.max(shortest, left / 4))
}
