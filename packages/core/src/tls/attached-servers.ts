import type { Server, TlsOptions } from 'node:tls'

/** The servers that share the secure context of a source. */
export interface AttachedServers {
  readonly add: (server: Server) => void
  readonly has: (server: object) => boolean
  /**
   * Gives every server new options, or, if one does not take them, every one the old ones.
   *
   * @throws what the server threw
   */
  readonly swap: (next: TlsOptions, before: TlsOptions) => void
}

/** Creates an empty list, which keeps no server alive that its application has forgotten. */
export function createAttachedServers(): AttachedServers {
  const known = new WeakSet<object>()
  const references = new Set<WeakRef<Server>>()

  function setAll(options: TlsOptions): void {
    for (const reference of references) {
      const server = reference.deref()
      if (server === undefined) references.delete(reference)
      else server.setSecureContext(options)
    }
  }

  return Object.freeze({
    add: (server: Server) => {
      known.add(server)
      references.add(new WeakRef(server))
    },
    has: (server: object) => known.has(server),
    swap: (next: TlsOptions, before: TlsOptions) => {
      try {
        setAll(next)
      } catch (error) {
        setAll(before)
        throw error
      }
    },
  })
}
