import type { CelInput } from '@bufbuild/cel'
import { isJsonObject, type JsonObject } from '../mcp/json-object.js'

type Cel = typeof import('@bufbuild/cel')

/** What is longer is no value that a condition compares, and would make it slow. */
const maximumCharacters = 65_536
const maximumEntries = 10_000

/**
 * Makes values of CEL of values of JSON, what is inside of an object when it is looked at. The
 * evaluator's own conversion is not used: it takes an object with `$typeName` for a message of Protocol
 * Buffers, so `{ "$typeName": "google.protobuf.StringValue", "value": "dev" }` would be equal to `"dev"`.
 *
 * @throws {Error} for what JSON does not have, and for text and lists that are too long
 */
export function toCelValue(cel: Cel, value: unknown): CelInput {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'string') return checkText(value)
  if (Array.isArray(value)) {
    checkEntries(value.length)
    return cel.celList(value.map((item) => toCelValue(cel, item)))
  }
  if (!isPlainObject(value)) throw new Error('a value that JSON does not have')
  const has = (key: unknown): boolean => typeof key === 'string' && Object.hasOwn(value, key)
  // The evaluator's own `has` takes a key whose value is null for one that is missing.
  return Object.assign(cel.celMap(toLazyMap(cel, value)), { has })
}

function toLazyMap(cel: Cel, object: JsonObject): ReadonlyMap<string, CelInput> {
  const keys = (): readonly string[] => {
    const names = Object.keys(object)
    checkEntries(names.length)
    return names.map(checkText)
  }
  const read = (key: string): CelInput => toCelValue(cel, object[key])
  const entries = () => keys().map((key): [string, CelInput] => [key, read(key)])
  const has = (key: string) => Object.hasOwn(object, key)
  return {
    has,
    get: (key) => (has(key) ? read(key) : undefined),
    get size() {
      return keys().length
    },
    keys: () => keys().values(),
    values: () => keys().map(read).values(),
    entries: () => entries().values(),
    [Symbol.iterator]: () => entries().values(),
    forEach(callback) {
      for (const [key, value] of entries()) callback(value, key, this)
    },
  }
}

function isPlainObject(value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function checkText(text: string): string {
  if (text.length > maximumCharacters) throw new Error('text that is too long to be compared')
  return text
}

function checkEntries(count: number): void {
  if (count > maximumEntries) throw new Error('a list or an object with too many entries')
}
