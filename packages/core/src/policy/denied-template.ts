import { toNameMatcher } from './pattern.js'
import { isTemplate, toEquivalentForms } from './resource-uri.js'
import type { UriPattern } from './uri-pattern.js'

const expressions = /\{[^{}]*\}/g
/** What these expand to begins with `?` or `#`, or is empty (RFC 6570 sections 3.2.8 and 3.2.4). */
const endOfQuery = /(?:\{[?#][^{}]*\})+$/
const oneLastExpression = /^[^{}]*\{[^{}]*\}$/

/**
 * What a template denies besides the template itself, `undefined` for text that is none: every URI with
 * its literal text in order, any run of characters in place of each expression. That is more than RFC 6570
 * expands to, because servers differ in what they let an expression match.
 */
export function toDeniedExpansions(text: string): UriPattern | undefined {
  if (!isTemplate(text) || !text.match(expressions)) return undefined
  const path = withoutQueryExpressions(text)
  // No literal text of a template has a "*", and `new URL` keeps one.
  const spellings = new Set(toEquivalentForms(path.replaceAll(expressions, '*')))
  const matchers = [...spellings].map((spelling) => toNameMatcher(spelling))
  const denies = (uri: string): boolean => matchers.some((matches) => matches(uri))
  return {
    text,
    exact: false,
    literalPrefix: text.slice(0, text.indexOf('{')),
    wholeSubtree: oneLastExpression.test(path),
    allows: () => false,
    denies,
  }
}

// A denied URI is compared without query and fragment, too; unless the template has a literal one.
function withoutQueryExpressions(text: string): string {
  const path = text.replace(endOfQuery, '')
  return /[?#]/.test(path) ? text : path
}
