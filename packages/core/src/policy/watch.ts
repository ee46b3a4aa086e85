import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file that is being watched. */
export interface FileWatch {
  /** Ends the watch: nothing is left that keeps the process alive, and nothing is told any more. */
  close(): void
}

/** What to watch, and whom to tell. */
export interface WatchOptions {
  readonly path: string
  /** What was known of the file before it was read: a change since then is told, too. */
  readonly seen: string
  /** Told once for each change; the next is not told before it has settled. Must not reject. */
  readonly onChange: () => Promise<void>
  /** Milliseconds between looks at the file itself; default 5000. */
  readonly pollTime?: number
}

/** Writers need several steps; a file counts once two looks this far apart see the same. */
const settleTime = 100

/** Says which version of a file, or of what is in its place, is there: by everything but its content. */
export async function readFingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  }
}

/**
 * Watches a file through its directory, since a watch on the file itself follows what is replaced: after
 * the first swap of a Kubernetes volume (`..data`), or a rename, it is silent. The poll sees what the
 * directory does not tell: a link that leads elsewhere, a network volume, a directory that was replaced.
 */
export function watchFile({ path, seen, onChange, pollTime = 5_000 }: WatchOptions): FileWatch {
  let handled = seen
  let last = seen
  let timer: NodeJS.Timeout | undefined
  let busy = false
  let closed = false
  const directory = watchDirectory(dirname(path), look)
  const poll = setInterval(() => {
    directory.renew()
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
    const now = await readFingerprint(path)
    const settled = now === last
    last = now
    if (now !== handled && settled && !closed) {
      handled = now
      await onChange()
    }
    busy = false
    // Not settled yet, or changed while it was being read.
    if (now !== handled || settled === false || (await readFingerprint(path)) !== handled) look()
  }

  return Object.freeze({
    close(): void {
      closed = true
      clearTimeout(timer)
      clearInterval(poll)
      directory.close()
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
