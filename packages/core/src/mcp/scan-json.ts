const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Tells whether JSON text nests deeper than `limit`, in one pass and without recursion, so that it
 * can be asked before a parser sees the text. The text need not be valid JSON.
 */
export function exceedsDepth(json: string, limit: number): boolean {
  let depth = 0
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index)
    if (code === QUOTE) index = stringEnd(json, index)
    else depth += depthStep(code)
    if (depth > limit) return true
  }
  return false
}

function depthStep(code: number): number {
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) return 1
  return code === CLOSE_OBJECT || code === CLOSE_ARRAY ? -1 : 0
}

/**
 * Tells whether any object in the text has the same key twice, escapes decoded: `"name"` and
 * `"n\u0061me"` are the same key. The text must have passed `JSON.parse`.
 */
export function hasDuplicateKey(json: string): boolean {
  const open: (Set<string> | undefined)[] = []
  let keyNext = false
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index)
    if (code === QUOTE) {
      const end = stringEnd(json, index)
      if (keyNext && !addKey(open.at(-1), json.slice(index, end + 1))) return true
      keyNext = false
      index = end
    } else keyNext = moveTo(code, open, keyNext)
  }
  return false
}

/** Follows one structural character; returns whether the next string is a key. */
function moveTo(code: number, open: (Set<string> | undefined)[], keyNext: boolean): boolean {
  switch (code) {
    case OPEN_OBJECT:
      open.push(new Set())
      return true
    case OPEN_ARRAY:
      open.push(undefined)
      return false
    case CLOSE_OBJECT:
    case CLOSE_ARRAY:
      open.pop()
      return false
    case COMMA:
      return open.at(-1) !== undefined
    default:
      return keyNext
  }
}

function addKey(keys: Set<string> | undefined, literal: string): boolean {
  const key = literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
  if (keys === undefined || keys.has(key)) return false
  keys.add(key)
  return true
}

/** Index of the quote that closes the string opened at `start`; the length of the text if none does. */
function stringEnd(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end === -1 ? json.length : end
}

function isEscaped(json: string, index: number): boolean {
  let before = index - 1
  while (json.charCodeAt(before) === BACKSLASH) before -= 1
  return (index - before) % 2 === 0
}
