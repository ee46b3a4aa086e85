import type { PolicyIssue } from '../errors.js'

/** Something wrong at a place of a policy; `at: 'key'` where the last key itself is wrong. */
export interface PathIssue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly at?: 'key'
}

/** A place in a file; both start at 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Finds the place of a value, or of its key, in the file the policy was read from. */
export type Locate = (path: readonly PropertyKey[], at: 'key' | 'value') => Position

/** Writes issues for people: in the order of the file, without repetition. */
export function toPolicyIssues(
  issues: readonly PathIssue[],
  locate: Locate | undefined,
): readonly PolicyIssue[] {
  const located = issues.map(({ path, message, at }) => ({
    path: formatPath(path),
    message,
    ...locate?.(path, at ?? 'value'),
  }))
  const inOrder = located.sort(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  )
  return Object.freeze(inOrder.map((issue) => Object.freeze(issue)))
}

/** Writes a place as in `roles.operator.tools[1]`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = String(key)
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`
    return text === '' ? name : `${text}.${name}`
  }, '')
}
