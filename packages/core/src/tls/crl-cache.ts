import { TlsMaterialError } from '../errors.js'
import type { Crl } from './crl.js'
import { checkCrlSource } from './crl-coverage.js'
import { type Freshness, fetchCrl } from './crl-fetch.js'
import { maximumCrls, parseCrlFile, tooMany } from './crl-file.js'
import { mergeCrls } from './crl-newest.js'
import { isNamedAfter } from './crl-signature.js'
import type { NamedAuthority } from './tls-material.js'

/** The CRLs of one URL, as far as they are known. */
export interface CrlCache {
  /** What is in use. */
  readonly crls: () => readonly Crl[]
  /**
   * What is in use for an authority, after asking the server where that is nothing.
   *
   * @throws {TlsMaterialError} if that changes nothing
   */
  readonly read: (authority: NamedAuthority) => Promise<readonly Crl[]>
  /**
   * Asks the server, once for all who wait; answers whether something newer came into use.
   *
   * @throws {TlsMaterialError} if the answer cannot be used; what was in use stays
   */
  readonly refresh: () => Promise<boolean>
}

interface Held {
  readonly crls: readonly Crl[]
  /** Of no CA the last answer was read for; a later bundle may have it, and the server not say it again. */
  readonly unused: readonly Crl[]
  /** Absent where the server is to answer whatever it has. */
  readonly freshness: Freshness | undefined
}

const nothing: Held = Object.freeze({ crls: [], unused: [], freshness: undefined })

/** Creates a cache that is empty, and asks the server when it is first read. */
export function createCrlCache(url: URL, closing: AbortSignal): CrlCache {
  let held = nothing
  let authority: NamedAuthority | undefined
  let running: Promise<boolean> | undefined
  const crls = (): readonly Crl[] => (authority === undefined ? [] : toUsed(held, authority))

  async function download(): Promise<boolean> {
    const known = isCurrent(crls()) ? held.freshness : undefined
    const { bytes, freshness } = await fetchCrl(url, known, closing)
    if (bytes === undefined || authority === undefined) return false
    const before = crls()
    const next = takeAnswer(before, { found: parseCrlFile(bytes, url.href), authority })
    held = { ...next, freshness: next.isWhole ? freshness : undefined }
    return !isSame(before, held.crls)
  }

  function refresh(): Promise<boolean> {
    running ??= download().finally(() => {
      running = undefined
    })
    return running
  }

  async function read(next: NamedAuthority): Promise<readonly Crl[]> {
    authority = next
    if (crls().length === 0) await refresh()
    const used = crls()
    checkCrlSource(used, { authority: next, now: Date.now() })
    return [...used, ...toForeign(held.unused, next).slice(0, 1)]
  }

  return Object.freeze({ crls, read, refresh })
}

function toUsed({ crls: held, unused }: Held, { anchors }: NamedAuthority): readonly Crl[] {
  const now = Date.now()
  const begun = unused.filter((crl) => crl.thisUpdate <= now)
  try {
    return mergeCrls({ held, found: begun, anchors })
  } catch (error) {
    if (!(error instanceof TlsMaterialError)) throw error
    // Of a CA that is new to the bundle; the next answer is refused for the same reason, and says so.
    return mergeCrls({ held, found: [], anchors })
  }
}

interface Answer {
  readonly found: readonly Crl[]
  readonly authority: NamedAuthority
}

function takeAnswer(
  before: readonly Crl[],
  { found, authority }: Answer,
): Pick<Held, 'crls' | 'unused'> & { readonly isWhole: boolean } {
  checkCrlSource(found, { authority, now: Date.now() })
  const crls = mergeCrls({ held: before, found, anchors: authority.anchors })
  // One answer after the other could bring in more than a single one may hold.
  if (crls.length > maximumCrls) throw tooMany(found[0]?.place ?? 'CRL')
  const unused = toForeign(found, authority)
  // What went back may say anything about its age, to be asked for nothing newer.
  const isWhole = found.every((crl) => [...crls, ...unused].some(({ der }) => der.equals(crl.der)))
  return { crls, unused, isWhole }
}

function toForeign(crls: readonly Crl[], { anchors }: NamedAuthority): readonly Crl[] {
  return crls.filter((crl) => !anchors.some((anchor) => isNamedAfter(crl, anchor)))
}

function isCurrent(crls: readonly Crl[]): boolean {
  const now = Date.now()
  return crls.length > 0 && crls.every(({ nextUpdate }) => now < nextUpdate)
}

function isSame(one: readonly Crl[], other: readonly Crl[]): boolean {
  const known = new Set(one)
  return one.length === other.length && other.every((crl) => known.has(crl))
}
