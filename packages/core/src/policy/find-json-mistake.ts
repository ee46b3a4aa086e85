type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'nothing'

interface Reading {
  /** What closes the objects and lists that are open, from the outside in. */
  readonly open: ('}' | ']')[]
  expected: Expected
}

const token = /[\t\n\r ]*(?:([{}[\],:])|("[^"\\]*(?:\\.[^"\\]*)*"?)|([^\t\n\r {}[\],:"]+))/sy
const blank = /[\t\n\r ]*/y

/** Where a text stops being JSON: the offset of the first token that cannot stand there (RFC 8259). */
export function findJsonMistake(text: string): number {
  const reading: Reading = { open: [], expected: 'value' }
  let offset = 0
  for (;;) {
    const next = readToken(text, offset)
    if (next === undefined || !accept(reading, next.kind)) break
    offset = next.end
  }
  blank.lastIndex = offset
  return offset + (blank.exec(text)?.[0].length ?? 0)
}

function readToken(
  text: string,
  offset: number,
): { readonly kind: string; readonly end: number } | undefined {
  token.lastIndex = offset
  const [found, mark, string, scalar] = token.exec(text) ?? []
  if (found === undefined) return undefined
  const end = offset + found.length
  if (mark !== undefined) return { kind: mark, end }
  if (string !== undefined) return isJson(string) ? { kind: 'string', end } : undefined
  return isJson(scalar ?? '') ? { kind: 'scalar', end } : undefined
}

function isJson(scalar: string): boolean {
  try {
    JSON.parse(scalar)
    return true
  } catch {
    return false
  }
}

function accept(reading: Reading, kind: string): boolean {
  switch (kind) {
    case '{':
    case '[':
      return opens(reading, kind)
    case '}':
    case ']':
      return closes(reading, kind)
    case ',':
      return separates(reading)
    case ':':
      return step(reading, [':'], 'value')
    default:
      return reads(reading, kind)
  }
}

function opens(reading: Reading, kind: '{' | '['): boolean {
  if (!step(reading, values, kind === '{' ? 'key or }' : 'value or ]')) return false
  reading.open.push(kind === '{' ? '}' : ']')
  return true
}

function closes(reading: Reading, kind: '}' | ']'): boolean {
  if (!step(reading, [`, or ${kind}`, kind === '}' ? 'key or }' : 'value or ]'], 'nothing'))
    return false
  reading.open.pop()
  reading.expected = afterValue(reading)
  return true
}

function separates(reading: Reading): boolean {
  return step(reading, [', or }'], 'key') || step(reading, [', or ]'], 'value')
}

function reads(reading: Reading, kind: string): boolean {
  if (kind === 'string' && step(reading, ['key', 'key or }'], ':')) return true
  return step(reading, values, afterValue(reading))
}

const values: readonly Expected[] = ['value', 'value or ]']

function step(reading: Reading, from: readonly Expected[], to: Expected): boolean {
  if (!from.includes(reading.expected)) return false
  reading.expected = to
  return true
}

function afterValue({ open }: Reading): Expected {
  const closing = open.at(-1)
  return closing === undefined ? 'nothing' : `, or ${closing}`
}
