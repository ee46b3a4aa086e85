import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Authority } from '../identity/authority.js'
import type { Crl } from './crl.js'
import type { OnStaleCrl } from './crl-coverage.js'
import type { DenyList } from './deny-list.js'
import type { ClientCertificateMode, MinimumVersion } from './file-options.js'

/** An authority, and where it came from, in words, for messages. */
export interface NamedAuthority extends Authority {
  readonly origin: string
}

/** An authority and its CRLs, parsed and not yet verified; absent where there is nothing to be revoked by. */
export interface AuthorityMaterial extends NamedAuthority {
  readonly crls: readonly Crl[] | undefined
}

/** Everything a TLS source hands to Node, parsed. */
export interface TlsMaterial {
  /** The server's own certificate first, then its issuers in order. */
  readonly certificates: readonly X509Certificate[]
  readonly key: KeyObject
  readonly authorities: readonly AuthorityMaterial[]
  readonly denyList: DenyList | undefined
  readonly onStaleCrl: OnStaleCrl
  readonly minVersion: MinimumVersion
  readonly clientCertificate: ClientCertificateMode
  /** Where certificate and key came from, in words. */
  readonly origin: { readonly certificate: string; readonly key: string }
  /** What was odd, but no reason to refuse, when the material was read. */
  readonly warnings: readonly string[]
}
