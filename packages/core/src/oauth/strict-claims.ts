import { exceedsDepth, hasDuplicateKey } from '../mcp/scan-json.js'

/** A JSON object out of a token or of an authorization server: deeply frozen, its objects without prototype. */
export type Claims = Readonly<Record<string, unknown>>

/** Deeper than any claim set in use; what nests deeper is an attempt on whoever walks it. */
const deepest = 32

// A byte order mark stays in the text, where JSON.parse refuses it.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a JSON object as only one reader can: UTF-8 without byte order mark, no key given twice at any
 * depth (RFC 7519 section 4 lets a parser keep the last, another may keep the first), bounded depth.
 * Undefined for everything else. No object has a prototype, so that a claim called `__proto__` or
 * `constructor` is a claim like any other, and one that is not there is `undefined`.
 */
export function parseClaims(bytes: Uint8Array): Claims | undefined {
  const text = decode(bytes)
  if (text === undefined || exceedsDepth(text, deepest)) return undefined
  const value = parse(text)
  return isObject(value) && !hasDuplicateKey(text) ? toClaims(value) : undefined
}

/** As many values as a program may say of one token; a value reached by two ways counts twice. */
const mostValues = 10_000

/**
 * Copies what a program says about a token: values of JSON alone, deeply frozen. What JSON does not have
 * is left out. Undefined for what nests too deeply, which is also where a cycle ends, or is too much.
 */
export function copyClaims(value: object): Claims | undefined {
  const open: { readonly value: unknown; readonly level: number }[] = [{ value, level: 1 }]
  let values = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue
    const members = Object.values(next.value)
    values += members.length
    if (next.level > deepest || values > mostValues) return undefined
    for (const member of members) open.push({ value: member, level: next.level + 1 })
  }
  return toClaims(value)
}

function toClaims(value: object): Claims {
  const claims: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    const frozen = toFrozen(member)
    if (frozen !== undefined) claims[name] = frozen
  }
  return Object.freeze(claims)
}

function toFrozen(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map((item) => toFrozen(item) ?? null))
  if (typeof value === 'object' && value !== null) return toClaims(value)
  return isScalar(value) ? value : undefined
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
