import type { Crl } from './crl.js'
import { parseCrlFile } from './crl-file.js'
import type { CrlPlace } from './crl-location.js'
import { type CrlUrl, type CrlUrlOptions, createCrlUrl } from './crl-url.js'
import type { NamedAuthority } from './tls-material.js'

/** Where the CRLs of one authority are. */
interface CrlPlaces {
  readonly authority: NamedAuthority
  readonly places: readonly CrlPlace[]
  /** Reads a file, with whatever makes it one with the other files of the set. */
  readonly readFile: (file: string) => Promise<Buffer>
}

/** Reads CRLs from files, each time anew, and from URLs, which are kept between reads. */
export interface CrlReader {
  /**
   * Reads all CRLs of one authority.
   *
   * Not checked: whether they suffice; `checkCrls` does.
   *
   * @throws {TlsMaterialError} naming the place
   */
  readonly read: (places: CrlPlaces) => Promise<readonly Crl[]>
  /**
   * Asks every URL read so far whether it has something newer, for the next read.
   *
   * @throws {TlsMaterialError} if one has no answer that can be used
   */
  readonly refresh: () => Promise<void>
  /** Ends the polling of URLs. */
  readonly close: () => void
}

interface ParsedFile {
  readonly bytes: Buffer
  readonly crls: readonly Crl[]
}

/** Creates a reader; `onUpdate` is called when a URL has newer CRLs, for the whole set to be read again. */
export function createCrlReader(events: Pick<CrlUrlOptions, 'onUpdate' | 'onError'>): CrlReader {
  const urls = new Map<string, CrlUrl>()
  const files = new Map<string, ParsedFile>()

  /** A set is read anew for each file of it that changes, and a long list takes a while to parse. */
  function parse(file: string, bytes: Buffer): readonly Crl[] {
    const known = files.get(file)
    if (known?.bytes.equals(bytes)) return known.crls
    const crls = parseCrlFile(bytes, file)
    files.set(file, { bytes, crls })
    return crls
  }

  function open(url: URL, authority: string): CrlUrl {
    const key = `${authority} ${url.href}`
    const known = urls.get(key) ?? createCrlUrl({ url, ...events })
    urls.set(key, known)
    return known
  }

  async function read({ authority, places, readFile }: CrlPlaces): Promise<readonly Crl[]> {
    const read = places.map(async (place) => {
      if ('file' in place) return parse(place.file, await readFile(place.file))
      return open(place.url, authority.name).read(authority)
    })
    return Object.freeze((await Promise.all(read)).flat())
  }

  return Object.freeze({
    read,
    refresh: async () => {
      await Promise.all(Array.from(urls.values(), (url) => url.refresh()))
    },
    close: () => {
      for (const url of urls.values()) url.close()
    },
  })
}
