import type { Principal } from '../policy/principal.js'
import type { Sealed, Seals } from './seals.js'

/** Names an id may be sealed for; new ones are sealed for the first. */
export type Owners = readonly [seal: string, ...others: string[]]

/**
 * Whose ids a principal may use: those sealed for its name, which holds the user of a token, and those
 * its certificate was given while it presented none. An id of one user is never another's.
 */
export function ownersOf({ name, certificateName, token }: Principal): Owners {
  return token === undefined || certificateName === '' ? [name] : [name, certificateName]
}

/** The text of an id sealed for one of the owners; undefined if it is sealed for none of them. */
export function openFor(
  seals: Seals,
  owners: Owners,
  { label, text }: Pick<Sealed, 'label' | 'text'>,
): string | undefined {
  for (const owner of owners) {
    const opened = seals.open({ label, owner, text })
    if (opened !== undefined) return opened
  }
  return undefined
}
