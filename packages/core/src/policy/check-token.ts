import { isJsonObject } from '../mcp/json-object.js'
import type { PathIssue } from './policy-issue.js'
import { toFields } from './raw-fields.js'

/**
 * Checks of what an assignment asks of a token that the schema drops or cannot say, each of which would
 * widen it: a mapping of nothing matches everything.
 */
export function checkToken(token: unknown, path: readonly PropertyKey[]): readonly PathIssue[] {
  return [
    ...checkFilled(token, path),
    ...checkClaims(toFields(token)['claims'], [...path, 'claims']),
  ]
}

function checkClaims(claims: unknown, path: readonly PropertyKey[]): readonly PathIssue[] {
  const nested = Object.entries(toFields(claims)).flatMap(([name, matcher]) =>
    name === '' || name === '__proto__'
      ? [{ path: [...path, name], at: 'key', message: 'is no name of a claim: remove it' } as const]
      : checkClaims(matcher, [...path, name]),
  )
  return [...checkFilled(claims, path), ...nested]
}

function checkFilled(value: unknown, path: readonly PropertyKey[]): readonly PathIssue[] {
  const isEmpty = isJsonObject(value) && Object.values(value).every((each) => each === undefined)
  return isEmpty
    ? [{ path, message: 'is an empty mapping: add an entry, or write "token: any"' }]
    : []
}
