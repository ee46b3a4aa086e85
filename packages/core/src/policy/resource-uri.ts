import { ConfigurationError } from '../errors.js'
import { checkPatternText, quote } from './pattern.js'
import { exactUri, parseUriPattern, type UriPattern } from './uri-pattern.js'

/** A URI in the three forms a server may come to see it in. */
export interface ResourceUri {
  readonly asSent: string
  /** As sent, as `new URL` writes it, and that with unreserved characters decoded. */
  readonly forms: readonly string[]
  /** Two readers can take it for two things, so no wildcard allows it. */
  readonly ambiguous: boolean
}

/** Encoded separators, percent signs and NUL; a backslash; a lone surrogate. */
const hiddenSeparator = /%2f|%5c|%25|%00|\\|\p{Cs}/iu
/** A dot segment of which at least one dot is percent-encoded. */
const encodedDotSegment = /(?:^|\/)(?:%2e|\.%2e|%2e\.|%2e%2e)(?=[/?#]|$)/i
const percentEncoded = /%([0-9a-f]{2})/gi
const unreserved = /[A-Za-z0-9._~-]/

/** Every form of a URI is a copy of it that conditions are asked about; a longer one is no name of a resource. */
export const maximumUriLength = 8192

const everyResource: UriPattern = {
  text: '**',
  exact: false,
  literalPrefix: '',
  wholeSubtree: true,
  allows: () => true,
  denies: () => true,
}

/**
 * The resources that hold user interfaces of tools. Like any wildcard it allows a URI only if all of
 * its forms match.
 *
 * @see MCP Apps, `io.modelcontextprotocol/ui`: the URI of a user interface begins with `ui://`
 */
export const uiResources: UriPattern = {
  text: 'ui://**',
  exact: false,
  literalPrefix: 'ui://',
  wholeSubtree: true,
  allows: isUi,
  denies: isUi,
}

/** Works out the forms of a URI. Total: text that is no URI is ambiguous and has one form. */
export function toResourceUri(asSent: string): ResourceUri {
  const href = readHref(asSent)
  if (href === undefined) return { asSent, forms: [asSent], ambiguous: true }
  const forms = [asSent, href, decodeUnreserved(href)]
  return { asSent, forms, ambiguous: forms.some(isAmbiguous) }
}

/**
 * Every text a denied URI may hide behind: its forms, all percent-encodings decoded, then without
 * credentials, without query and fragment, with repeated slashes as one. A denial that matches any of
 * them holds, because a reader that ignores such a part would serve what is denied.
 */
export function toDeniedForms(asSent: string): ReadonlySet<string> {
  const forms = new Set(toEquivalentForms(asSent))
  for (const reduce of [withoutCredentials, withoutQuery, withSingleSlashes]) {
    for (const form of [...forms]) forms.add(reduce(form))
  }
  return forms
}

/** The forms of a URI, and all of its percent-encodings decoded where they can be. */
export function toEquivalentForms(asSent: string): readonly string[] {
  const { forms } = toResourceUri(asSent)
  const decoded = decodeAll(forms.at(-1) ?? asSent)
  return decoded === undefined ? forms : [...forms, decoded]
}

/**
 * Parses a pattern for resources: a URI pattern, a lone `**` for every resource, or a URI template,
 * which matches only the template of that very text. Text with wildcards must be written as `new URL`
 * writes it, since otherwise no URI could match it in all three forms.
 *
 * @throws {ConfigurationError}
 */
export function parseResourcePattern(text: string): UriPattern {
  checkPatternText(text)
  if (text === '**') return everyResource
  if (text === '*') throw new ConfigurationError('is no URI: write "**" for every resource')
  return isTemplate(text) ? exactUri(text) : parseComparablePattern(text)
}

/**
 * Parses a URI pattern that is to be compared with all forms of a URI.
 *
 * @throws {ConfigurationError}
 */
export function parseComparablePattern(text: string): UriPattern {
  const pattern = parseUriPattern(text)
  if (!pattern.exact) checkCanonical(text)
  return pattern
}

/** All three forms match and nothing in them is ambiguous, or it is the exact string. */
export function allowsUri(pattern: UriPattern, uri: ResourceUri): boolean {
  if (pattern.exact) return pattern.allows(uri.asSent)
  return !uri.ambiguous && uri.forms.every((form) => pattern.allows(form))
}

/** Text before the first expression of an RFC 6570 template; `undefined` where it could mean several places. */
export function readTemplatePrefix(uriTemplate: string): string | undefined {
  const prefix = uriTemplate.slice(0, uriTemplate.indexOf('{'))
  return isAmbiguous(prefix) || /\/\.{1,2}(?:\/|$)/.test(prefix) ? undefined : prefix
}

function isAmbiguous(uri: string): boolean {
  return hiddenSeparator.test(uri) || encodedDotSegment.test(uri) || decodeAll(uri) === undefined
}

function isUi(uri: string): boolean {
  return uri.startsWith('ui://')
}

/** Text with an expression of RFC 6570, and no wildcard outside of them. */
export function isTemplate(text: string): boolean {
  return text.includes('{') && !text.replaceAll(/\{[^{}]*\}/g, '').includes('*')
}

function checkCanonical(text: string): void {
  const { forms, ambiguous } = toResourceUri(text)
  if (ambiguous) {
    throw new ConfigurationError(
      `${quote(text)} has a wildcard and an encoded separator, backslash or broken encoding, which no wildcard matches: write each such URI out`,
    )
  }
  const canonical = forms.at(-1) ?? text
  if (canonical !== text) {
    throw new ConfigurationError(
      `${quote(text)} can never match, URIs are compared in their normal form: write ${quote(canonical)}`,
    )
  }
}

// RFC 3986 section 6.2.2: the case of the digits and the encoding of unreserved characters mean nothing.
function decodeUnreserved(uri: string): string {
  return uri.replaceAll(percentEncoded, (encoded: string, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16))
    return unreserved.test(character) ? character : encoded.toUpperCase()
  })
}

/**
 * `new URL` on Node 20 and 22 takes time that grows with the square of a host's length, unless that is ASCII: seconds
 * for what fits into one request. No host is that long, and a directory or query that is can be written out.
 */
const longestInternational = 1024

function isCostly(uri: string): boolean {
  const beforeQuery = uri.split(/[?#]/, 1)[0] ?? ''
  return beforeQuery
    .split(/[/\\]/)
    .some((part) => part.length > longestInternational && /\P{ASCII}|%[89a-fA-F]/u.test(part))
}

function readHref(uri: string): string | undefined {
  if (isCostly(uri)) return undefined
  try {
    return new URL(uri).href
  } catch {
    return undefined
  }
}

function decodeAll(uri: string): string | undefined {
  if (!uri.includes('%')) return uri
  try {
    return decodeURIComponent(uri)
  } catch {
    return undefined
  }
}

function withoutCredentials(uri: string): string {
  return uri.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#]*@/, '$1')
}

function withoutQuery(uri: string): string {
  const end = uri.search(/[?#]/)
  return end === -1 ? uri : uri.slice(0, end)
}

function withSingleSlashes(uri: string): string {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/.exec(uri)?.[0] ?? ''
  return scheme + uri.slice(scheme.length).replaceAll(/\/{2,}/g, '/')
}
