/**
 * A reader of JSON that shares nothing with JSON.parse and forgets nothing: an object is the list of
 * its entries, repeated keys and all. Undefined for what is not JSON (RFC 8259).
 */
export function readJson(text) {
  const reader = { text, at: 0 }
  const value = readValue(reader)
  skipSpace(reader)
  return value !== undefined && reader.at === text.length ? value : undefined
}

/** Every object in a value, at any depth, as its entries. */
export function objectsIn(value) {
  if (value.kind === 'array') return value.items.flatMap(objectsIn)
  if (value.kind !== 'object') return []
  return [value.entries, ...value.entries.flatMap((entry) => objectsIn(entry.value))]
}

/** All values an object has under a key; none for what is no object. */
export function valuesOf(value, key) {
  if (value?.kind !== 'object') return []
  return value.entries.filter((entry) => entry.key === key).map((entry) => entry.value)
}

function readValue(reader) {
  skipSpace(reader)
  const start = reader.text[reader.at]
  if (start === '{') return readObject(reader)
  if (start === '[') return readArray(reader)
  if (start === '"') return wrap('string', readString(reader))
  return wrap('scalar', readPattern(reader, scalar))
}

function wrap(kind, value) {
  return value === undefined ? undefined : { kind, value }
}

function readObject(reader) {
  const entries = readList(reader, '}', () => {
    skipSpace(reader)
    const key = readString(reader)
    if (key === undefined || !take(reader, ':')) return undefined
    const value = readValue(reader)
    return value && { key, value }
  })
  return entries && { kind: 'object', entries }
}

function readArray(reader) {
  const items = readList(reader, ']', () => readValue(reader))
  return items && { kind: 'array', items }
}

function readList(reader, close, readItem) {
  reader.at += 1
  const items = []
  if (take(reader, close)) return items
  do {
    const item = readItem()
    if (item === undefined) return undefined
    items.push(item)
  } while (take(reader, ','))
  return take(reader, close) ? items : undefined
}

const space = /[ \t\n\r]*/y
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON strings may not hold
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const escapes = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function readString(reader) {
  const literal = readPattern(reader, string)
  return literal?.slice(1, -1).replaceAll(/\\(u....|.)/g, (_, spelt) => {
    if (spelt.length === 5) return String.fromCharCode(Number.parseInt(spelt.slice(1), 16))
    return escapes[spelt] ?? spelt
  })
}

function readPattern(reader, pattern) {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text)?.[0]
  if (found !== undefined) reader.at += found.length
  return found
}

function skipSpace(reader) {
  readPattern(reader, space)
}

function take(reader, character) {
  skipSpace(reader)
  if (reader.text[reader.at] !== character) return false
  reader.at += 1
  return true
}
