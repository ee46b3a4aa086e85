import type { Crl } from './crl.js'
import { type Freshness, fetchCrl } from './crl-fetch.js'
import { parseCrlFile } from './crl-file.js'

/** Throws where CRLs must not be used: not signed by a CA at hand, not covering, not current. */
type CrlCheck = (crls: readonly Crl[]) => void

/** The CRLs at one URL, kept fresh. */
export interface CrlUrl {
  /**
   * The CRLs in use if they pass the check, else those the server has now; downloads that run along are
   * joined. From then on the URL is asked again, and what passes the check of the last read comes into
   * use.
   *
   * @throws {TlsMaterialError} if there are none that pass
   */
  readonly read: (check: CrlCheck) => Promise<readonly Crl[]>
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

interface Held {
  readonly crls: readonly Crl[]
  readonly freshness: Freshness
}

const shortest = 60_000
const longest = 3_600_000

/**
 * Creates a reader of the CRLs at a URL. It asks again after a quarter of the time left to the next
 * `nextUpdate`, at least every hour and at most every minute; each minute after a failure. An older list
 * than the one in use, as a cache or a man in the middle may answer, changes nothing.
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
    async read(check: CrlCheck): Promise<readonly Crl[]> {
      const crls = await cache.read(check)
      // Not anew: whoever reads often would put the next question off for ever.
      if (timer === undefined) schedule(toDelay(crls, Date.now()))
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

interface CrlCache {
  readonly crls: () => readonly Crl[]
  readonly read: (check: CrlCheck) => Promise<readonly Crl[]>
  /** Asks the server, once for all who wait; answers whether something newer came into use. */
  readonly refresh: () => Promise<boolean>
}

function createCrlCache(url: URL, closing: AbortSignal): CrlCache {
  let held: Held | undefined
  let check: CrlCheck = () => undefined
  let running: Promise<boolean> | undefined
  const crls = (): readonly Crl[] => held?.crls ?? []
  const isGood = (): boolean => held !== undefined && passes(held.crls, check)

  async function download(): Promise<boolean> {
    const { bytes, freshness } = await fetchCrl(
      url,
      isGood() ? held?.freshness : undefined,
      closing,
    )
    if (bytes === undefined) return false
    const found = parseCrlFile(bytes, url.href)
    check(found)
    if (isGood() && !isNewer(found, crls())) return false
    held = { crls: found, freshness }
    return true
  }

  function refresh(): Promise<boolean> {
    running ??= download().finally(() => {
      running = undefined
    })
    return running
  }

  async function read(next: CrlCheck): Promise<readonly Crl[]> {
    check = next
    if (!isGood()) await refresh()
    check(crls())
    return crls()
  }

  return { crls, read, refresh }
}

function passes(crls: readonly Crl[], check: CrlCheck): boolean {
  try {
    check(crls)
    return true
  } catch {
    return false
  }
}

/** Whether some list is newer than its forerunner, and none is older. */
function isNewer(crls: readonly Crl[], before: readonly Crl[]): boolean {
  const steps = crls.map((crl) => {
    const last = Math.max(...datesOf(before, crl.issuer))
    return Math.sign(Math.max(...datesOf(crls, crl.issuer)) - last)
  })
  return !steps.includes(-1) && steps.includes(1)
}

function datesOf(crls: readonly Crl[], issuer: string): number[] {
  return crls.filter((crl) => crl.issuer === issuer).map(({ thisUpdate }) => thisUpdate)
}

function toDelay(crls: readonly Crl[], now: number): number {
  const left = Math.min(...crls.map(({ nextUpdate }) => nextUpdate)) - now
  return Math.min(longest, Math.max(shortest, left / 4))
}
