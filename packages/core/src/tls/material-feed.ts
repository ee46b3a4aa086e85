import { TlsMaterialError } from '../errors.js'
import { type FileWatch, readFingerprint, watchFiles } from '../watch/watch-files.js'
import { createCrlReader } from './crl-reader.js'
import type { FileSettings } from './file-options.js'
import { readMaterial } from './read-material.js'
import type { TlsMaterial } from './tls-material.js'

/** Where the material of a source comes from, again and again. */
export interface MaterialFeed {
  /** Names the version that would be read now, without reading it. */
  readonly readVersion: () => Promise<string>
  /** @throws {TlsMaterialError} if it cannot be read */
  readonly read: () => Promise<TlsMaterial>
  /**
   * Brings in what is only looked at now and then, for the next `read`.
   *
   * @throws {TlsMaterialError} if it cannot be had
   */
  readonly refresh: () => Promise<void>
  /** Follows the changes since a version, until `close`. */
  readonly watch: (seen: string, events: FeedEvents) => void
  readonly close: () => void
}

/** Who is told of what becomes of a feed. */
interface FeedEvents {
  /** Must not reject. */
  readonly onChange: () => Promise<void>
  /** What could not be asked for; there is nothing new. */
  readonly onError: (error: unknown) => void
}

/** Material, and the version it is. */
export interface Reading {
  readonly material: TlsMaterial
  readonly version: string
}

/** Another writer can be busy; he is done within a few reads, or the next change is awaited. */
const maximumReads = 5

/** Feeds from the files that settings name, and the URLs of CRLs. */
export function createFileFeed(settings: FileSettings): MaterialFeed {
  const paths = toPaths(settings)
  let downloads = 0
  let events: FeedEvents | undefined
  let files: FileWatch | undefined
  const crlReader = createCrlReader({
    onUpdate: () => {
      downloads += 1
      void events?.onChange()
    },
    onError: (error) => events?.onError(error),
  })
  return Object.freeze({
    readVersion: async () => `${await readFingerprint(paths)} ${downloads}`,
    read: () => readMaterial(settings, crlReader),
    refresh: crlReader.refresh,
    watch: (version: string, next: FeedEvents) => {
      const seen = version.slice(0, version.lastIndexOf(' '))
      events = next
      files = watchFiles({ paths, seen, onChange: next.onChange })
      // A download that came in between is told to nobody.
      if (version !== `${seen} ${downloads}`) void next.onChange()
    },
    close: () => {
      events = undefined
      files?.close()
      crlReader.close()
    },
  })
}

function toPaths({ own, authorities, denyList }: FileSettings): readonly string[] {
  const crls = authorities.flatMap(({ crl }) =>
    crl.flatMap((place) => ('file' in place ? [place.file] : [])),
  )
  const lists = denyList === undefined ? [] : [denyList]
  const cas = authorities.flatMap(({ ca, issuedBy = [] }) => [...ca, ...issuedBy])
  const pair = 'pfx' in own ? [own.pfx] : [own.cert, own.key]
  return [...new Set([...pair, ...cas, ...crls, ...lists])]
}

/**
 * Reads a feed as one set: the version is the same before and after, so that no file is newer than
 * another that was read with it.
 *
 * @throws {TlsMaterialError} if it cannot be read, or does not hold still
 */
export async function readConsistently(feed: MaterialFeed): Promise<Reading> {
  for (let reads = 0; reads < maximumReads; reads += 1) {
    const version = await feed.readVersion()
    const outcome = await settle(feed.read())
    if ((await feed.readVersion()) !== version) continue
    if ('error' in outcome) throw outcome.error
    return { material: outcome.value, version }
  }
  throw new TlsMaterialError('certificate, key and CA files change while they are read.')
}

async function settle<T>(
  promise: Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  }
}
