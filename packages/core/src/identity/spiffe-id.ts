/** A SPIFFE ID (SPIFFE-ID section 2), split once and never normalised. */
export interface SpiffeId {
  readonly text: string
  readonly trustDomain: string
  /** Path segments without slashes; empty for the ID of a trust domain itself. */
  readonly path: readonly string[]
}
