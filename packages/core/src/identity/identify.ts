/** The kinds of name a certificate can give a principal. */
export type IdentityKind = 'spiffe' | 'uri' | 'dns' | 'email' | 'cn'

/** The one name taken from a certificate. Several values of the kind are sorted and joined with `+`. */
export interface Identity {
  readonly kind: IdentityKind
  readonly value: string
}
