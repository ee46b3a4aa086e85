import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Files that are being watched. */
export interface FileWatch {
  /** Ends the watch: nothing is left that keeps the process alive, and nothing is told any more. */
  close(): void
}

/** What to watch, and whom to tell. */
export interface WatchOptions {
  /** Files that belong together: they are looked at, and told of, as one. */
  readonly paths: readonly string[]
  /** What was known of the files before they were read: a change since then is told, too. */
  readonly seen: string
  /** Told once for each change; the next is not told before it has settled. Must not reject. */
  readonly onChange: () => Promise<void>
  /** Milliseconds between looks at the files themselves; default 5000. */
  readonly pollTime?: number
}

/** Writers need several steps; files count once two looks this far apart see the same. */
const settleTime = 100

/** Says which version of each file, or of what is in its place, is there: by everything but its content. */
export async function readFingerprint(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(readOne))).join(' ')
}

async function readOne(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  }
}

/**
 * Watches files through their directories, since a watch on a file itself follows what is replaced: after
 * the first swap of a Kubernetes volume (`..data`), or a rename, it is silent. The poll sees what the
 * directory does not tell: a link that leads elsewhere, a network volume, a directory that was replaced.
 */
export function watchFiles(options: WatchOptions): FileWatch {
  const { paths, seen, onChange, pollTime = 5_000 } = options
  let handled = seen
  let last = seen
  let timer: NodeJS.Timeout | undefined
  let busy = false
  let closed = false
  const parents = new Set(paths.map((path) => dirname(resolve(path))))
  const directories = [...parents].map((path) => watchDirectory(path, look))
  const poll = setInterval(() => {
    for (const directory of directories) directory.renew()
    look()
  }, pollTime)
  poll.unref()
  // Whatever happened since `seen` was read has been told to nobody.
  look()

  function look(): void {
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      void compare()
    }, settleTime).unref()
  }

  async function compare(): Promise<void> {
    if (busy) return
    busy = true
    const now = await readFingerprint(paths)
    const settled = now === last
    last = now
    if (now !== handled && settled && !closed) {
      handled = now
      await onChange()
    }
    busy = false
    // Not settled yet, or changed while it was being read.
    if (now !== handled || settled === false || (await readFingerprint(paths)) !== handled) look()
  }

  return Object.freeze({
    close(): void {
      closed = true
      clearTimeout(timer)
      clearInterval(poll)
      for (const directory of directories) directory.close()
    },
  })
}

interface DirectoryWatch {
  /** Watches anew: what has the name of the directory now may be another one. */
  renew(): void
  close(): void
}

function watchDirectory(path: string, onEvent: () => void): DirectoryWatch {
  let watcher = open()

  function open(): FSWatcher | undefined {
    try {
      // The poll goes on where the system has no more watches to give, or the directory is gone.
      return watch(path, { persistent: false }, onEvent).on('error', close)
    } catch {
      return undefined
    }
  }

  function close(): void {
    watcher?.close()
    watcher = undefined
  }

  return {
    close,
    renew(): void {
      close()
      watcher = open()
    },
  }
}
