import type { X509Certificate } from 'node:crypto'

/** A named set of CA certificates that vouch for clients. */
export interface Authority {
  readonly name: string
  /** Trust anchors; a chain belongs to this authority if it ends, signature by signature, in one of these. */
  readonly anchors: readonly X509Certificate[]
  /** SPIFFE trust domains this authority, and no other, may vouch for. */
  readonly trustDomains: readonly string[]
}
