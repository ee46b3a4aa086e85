import { ConfigurationError } from '../errors.js'
import { checkPatternText, quote } from './pattern.js'

/**
 * A pattern for URIs. Scheme and authority are literal, `*` is one whole non-empty segment, a final
 * `/**` is one or more segments. Without a wildcard it is one exact string.
 */
export interface UriPattern {
  readonly text: string
  readonly exact: boolean
  /** What every match begins with: the text before the first wildcard. */
  readonly literalPrefix: string
  /** Whatever begins with the literal prefix and goes on matches: the only wildcard is the final `/**`. */
  readonly wholeSubtree: boolean
  /** Strict, for what is allowed: segments under a wildcard are not empty, `*` ends before a query. */
  allows(uri: string): boolean
  /** Generous, for what is denied: also empty segments, and literals that differ only in percent-encoding. */
  denies(uri: string): boolean
}

/** The path of a pattern. A wildcard segment is `undefined`; `rest` stands for the final `/**`. */
export interface SegmentPattern {
  readonly segments: readonly (string | undefined)[]
  readonly rest: boolean
}

const uriScheme = /^[A-Za-z][A-Za-z0-9+.-]*:/
const hierarchical = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*)\/(.*)$/s

/**
 * Parses a pattern for URIs; matching is linear in the URI.
 *
 * @throws {ConfigurationError}
 */
export function parseUriPattern(text: string): UriPattern {
  checkPatternText(text)
  if (!uriScheme.test(text)) {
    throw new ConfigurationError(
      `${quote(text)} is no URI: write it with its scheme, such as "file:///public/**"`,
    )
  }
  return text.includes('*') ? parseWildcards(text) : exactUri(text)
}

/** A pattern that is one string, character for character. */
export function exactUri(text: string): UriPattern {
  const matches = (uri: string): boolean => uri === text
  return {
    text,
    exact: true,
    literalPrefix: text,
    wholeSubtree: false,
    allows: matches,
    denies: matches,
  }
}

/**
 * Parses the path of a pattern, split at its slashes.
 *
 * @throws {ConfigurationError}
 */
export function parseSegments(path: readonly string[]): SegmentPattern {
  const rest = path.at(-1) === '**'
  const segments = rest ? path.slice(0, -1) : path
  return { segments: segments.map(parseSegment), rest }
}

/** The segments are those of the pattern, one by one; wildcards take any segment that is not empty. */
export function matchesSegments(pattern: SegmentPattern, path: readonly string[]): boolean {
  const fixed = pattern.segments.length
  if (pattern.rest ? path.length <= fixed : path.length !== fixed) return false
  if (pattern.rest && !isRest(path.slice(fixed))) return false
  return pattern.segments.every((segment, index) =>
    segment === undefined ? path[index] !== '' : segment === path[index],
  )
}

function parseWildcards(text: string): UriPattern {
  const [, origin, path] = hierarchical.exec(text) ?? []
  if (origin === undefined || path === undefined) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard outside a path: a wildcard needs scheme://authority/ before it, any other URI is written out`,
    )
  }
  if (origin.includes('*')) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard in its authority, which is literal: write one pattern for each authority`,
    )
  }
  if (/[?#]/.test(text)) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard and a query or fragment: end the pattern with "/**", or write the whole URI out`,
    )
  }
  return createWildcards(text, origin, parseSegments(path.split('/')))
}

function createWildcards(text: string, origin: string, pattern: SegmentPattern): UriPattern {
  const prefix = `${origin}/`
  const decoded = pattern.segments.map((segment) => segment && tryDecode(segment))
  const segmentsOf = (uri: string): readonly string[] | undefined =>
    uri.startsWith(prefix) ? uri.slice(prefix.length).split('/') : undefined
  return {
    text,
    exact: false,
    literalPrefix: text.slice(0, text.indexOf('*')),
    wholeSubtree: pattern.rest && !pattern.segments.includes(undefined),
    allows: (uri) => {
      const end = uri.search(/[?#]/)
      if (end !== -1 && !pattern.rest) return false
      const path = segmentsOf(end === -1 ? uri : uri.slice(0, end))
      return path !== undefined && matchesSegments(pattern, path)
    },
    denies: (uri) => {
      const path = segmentsOf(uri)
      return path !== undefined && touchesSegments(pattern, decoded, path)
    },
  }
}

function touchesSegments(
  pattern: SegmentPattern,
  decoded: readonly (string | undefined)[],
  path: readonly string[],
): boolean {
  const fixed = pattern.segments.length
  if (pattern.rest ? path.length <= fixed : path.length !== fixed) return false
  return pattern.segments.every(
    (segment, index) =>
      segment === undefined || segment === path[index] || decoded[index] === path[index],
  )
}

function parseSegment(segment: string): string | undefined {
  if (segment === '*') return undefined
  if (segment === '**') {
    throw new ConfigurationError(
      'has "**" before the end: write "*" for each segment, "/**" only last',
    )
  }
  if (segment.includes('*')) {
    throw new ConfigurationError(
      `has a wildcard inside the segment ${quote(segment)}: "*" is a whole segment, write "/*" or a final "/**"`,
    )
  }
  return segment
}

// A directory may end in a slash; an empty segment elsewhere makes some readers start again at the root.
function isRest(path: readonly string[]): boolean {
  return path.every((segment, index) => segment !== '' || (index > 0 && index === path.length - 1))
}

function tryDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
