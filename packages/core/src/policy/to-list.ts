import type { OneOrMany } from './definition.js'

/** The values of a key that can hold one or several; none where it is left out. */
export function toList(value: OneOrMany | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}
