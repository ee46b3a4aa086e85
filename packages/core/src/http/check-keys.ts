import { RequestError } from '../errors.js'

type JsonObject = Readonly<Record<string, unknown>>

/** The keys a decision reads, by the level they are read at. */
const ROOT = keySet('jsonrpc', 'id', 'method', 'params', 'result', 'error')
const PARAMS = keySet(
  '_meta',
  'arguments',
  'cursor',
  'inputResponses',
  'level',
  'name',
  'notifications',
  'protocolVersion',
  'ref',
  'requestId',
  'requestState',
  'task',
  'taskId',
  'uri',
)
const META = keySet(
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/related-task',
  'io.modelcontextprotocol/subscriptionId',
  'progressToken',
)
const RELATED_TASK = keySet('taskId')
const REFERENCE = keySet('type', 'name', 'uri')
const NOTIFICATIONS = keySet(
  'resourceSubscriptions',
  'taskIds',
  'toolsListChanged',
  'promptsListChanged',
  'resourcesListChanged',
)

const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

interface KeySet {
  readonly exact: ReadonlySet<string>
  readonly folded: ReadonlySet<string>
}

/**
 * Refuses keys that two parsers read differently, at every level a decision reads: prototype keys,
 * and case twins (`Name`, `METHOD`, `param\u017f`) of the keys it reads there. Tool arguments are
 * not looked into. A JSON-RPC batch is checked element by element.
 *
 * @throws {RequestError} 400, −32600
 */
export function checkDecisionKeys(value: unknown): void {
  if (!Array.isArray(value)) {
    checkMessage(value)
    return
  }
  for (const message of value) checkMessage(message)
}

/**
 * Refuses an own `__proto__` key at any depth, and nesting beyond `depth`. Walks without recursion,
 * so that a value of any depth can be asked about.
 *
 * @throws {RequestError} 400, −32600
 */
export function checkNesting(value: unknown, depth: number): void {
  const open: { readonly value: unknown; readonly level: number }[] = [{ value, level: 1 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.level > depth) throw refusal('the body nests too deeply')
    if (Object.hasOwn(next.value, '__proto__')) throw refusal('a key is named __proto__')
    for (const child of Object.values(next.value))
      open.push({ value: child, level: next.level + 1 })
  }
}

/** True for what JSON calls an object: neither array nor an instance of a class. */
export function isPlainObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function checkMessage(message: unknown): void {
  const params = checkLevel(message, ROOT)?.['params']
  const found = checkLevel(params, PARAMS)
  const meta = checkLevel(found?.['_meta'], META)
  checkLevel(meta?.['io.modelcontextprotocol/related-task'], RELATED_TASK)
  checkLevel(found?.['ref'], REFERENCE)
  checkLevel(found?.['notifications'], NOTIFICATIONS)
}

function checkLevel(value: unknown, keys: KeySet): JsonObject | undefined {
  if (!isPlainObject(value)) return undefined
  for (const key of Object.keys(value)) {
    if (keys.exact.has(key)) continue
    if (PROTOTYPE_KEYS.has(key)) throw refusal(`a key is named ${key}`)
    if (keys.folded.has(fold(key))) throw refusal('a key differs from a protocol key in case only')
  }
  return value
}

/**
 * Equal for keys that some parser takes for the same: Unicode case folding (Go, Python), `ı` and `İ`
 * as `i` (Java's `equalsIgnoreCase`).
 */
function fold(key: string): string {
  return key.replaceAll('\u0130', 'i').toUpperCase().toLowerCase()
}

function keySet(...keys: readonly string[]): KeySet {
  return { exact: new Set(keys), folded: new Set(keys.map(fold)) }
}

function refusal(message: string): RequestError {
  return new RequestError(400, -32600, message)
}
