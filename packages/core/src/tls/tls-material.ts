import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Authority } from '../identity/authority.js'
import type { MinimumVersion } from './file-options.js'

/** Where material came from, in words, for messages. */
export interface NamedAuthority extends Authority {
  readonly origin: string
}

/** Everything a TLS source hands to Node, parsed. */
export interface TlsMaterial {
  /** The server's own certificate first, then its issuers in order. */
  readonly certificates: readonly X509Certificate[]
  readonly key: KeyObject
  readonly authorities: readonly NamedAuthority[]
  readonly minVersion: MinimumVersion
  /** Where certificate and key came from, in words. */
  readonly origin: { readonly certificate: string; readonly key: string }
  /** What was odd, but no reason to refuse, when the material was read. */
  readonly warnings: readonly string[]
}
