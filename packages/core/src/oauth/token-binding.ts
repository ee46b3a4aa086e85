import { TokenError } from '../errors.js'
import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import type { TokenBinding } from './access-token.js'

/** base64url of 32 bytes: the last of 43 characters has two bits left over, which are zero. */
const sha256 = /^[\w-]{42}[AEIMQUYcgkosw048]$/

const members: ReadonlyMap<string, keyof TokenBinding> = new Map([
  ['x5t#S256', 'certificate'],
  ['jkt', 'key'],
])

/**
 * Reads the confirmation claim (RFC 7800 section 3) of a token; without one the token is not bound. A
 * method that is not known would bind the token to something nobody looks at, so it is refused.
 *
 * @throws {TokenError} 'binding'
 */
export function parseTokenBinding(cnf: unknown): TokenBinding {
  if (cnf === undefined) return Object.freeze({})
  if (!isJsonObject(cnf)) throw refusal()
  const entries = Object.entries(cnf).map(([name, value]) => {
    const member = members.get(name)
    if (member === undefined || typeof value !== 'string' || !sha256.test(value)) throw refusal()
    return [member, value] as const
  })
  if (entries.length === 0) throw refusal()
  return Object.freeze(Object.fromEntries(entries))
}

/** Whether claims say that the token is bound to a key; whether they say so rightly is not checked. */
export function isBoundToKey({ cnf }: JsonObject): boolean {
  return isJsonObject(cnf) && Object.hasOwn(cnf, 'jkt')
}

function refusal(): TokenError {
  return new TokenError('binding', 'the confirmation claim holds more than x5t#S256 and jkt')
}
