import { ConfigurationError } from '../errors.js'

/** A pattern for names of tools or prompts: `*` is any run of characters, also none; all else is itself. */
export interface NamePattern {
  readonly text: string
  /** No wildcard in it: it matches the one name that is its text. */
  readonly exact: boolean
  matches(name: string): boolean
}

interface Pieces {
  readonly prefix: string
  readonly middle: readonly string[]
  readonly suffix: string
}

/** Bounds what a name can cost: time is linear in the name, times at most this. */
const maximumLength = 2048

/**
 * Parses a pattern for names of tools or prompts. It matches whole names, code unit for code unit:
 * no case folding, no normalisation, no escapes.
 *
 * @throws {ConfigurationError}
 */
export function parseNamePattern(text: string): NamePattern {
  checkPatternText(text)
  if (!text.includes('*')) return { text, exact: true, matches: toNameMatcher(text) }
  if (text.includes('**')) {
    throw new ConfigurationError(
      `has "**": one "*" is already any run of characters, write ${quote(text.replaceAll(/\*{2,}/g, '*'))}`,
    )
  }
  return { text, exact: false, matches: toNameMatcher(text) }
}

/** Compares whole text with a pattern in which `*` is any run of characters, also none. */
export function toNameMatcher(pattern: string): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => text === pattern
  const pieces = toPieces(pattern)
  return (text) => matchesPieces(text, pieces)
}

/**
 * What every pattern needs, of whatever kind: some text, and not too much of it.
 *
 * @throws {ConfigurationError}
 */
export function checkPatternText(text: string): void {
  if (text === '') throw new ConfigurationError('is empty: write a pattern, or remove the entry')
  if (text.length > maximumLength) {
    throw new ConfigurationError(
      `is longer than ${maximumLength} characters: write a shorter pattern`,
    )
  }
}

/** Text as it can stand in YAML, JSON and a log line: in double quotes, control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

function toPieces(text: string): Pieces {
  const [prefix = '', ...middle] = text.split('*')
  const suffix = middle.pop() ?? ''
  return { prefix, middle, suffix }
}

// Taking the leftmost place for each piece is enough, so there is no backtracking.
function matchesPieces(name: string, { prefix, middle, suffix }: Pieces): boolean {
  const end = name.length - suffix.length
  if (end < prefix.length || !name.startsWith(prefix) || !name.endsWith(suffix)) return false
  let from = prefix.length
  for (const piece of middle) {
    const found = name.indexOf(piece, from)
    if (found === -1) return false
    from = found + piece.length
    if (from > end) return false
  }
  return true
}
