import type { z } from 'zod'
import { closestName } from '../closest-name.js'
import type { PolicyDefinition } from './definition.js'
import type { PathIssue } from './policy-issue.js'
import { knownKeys, policySchema } from './schema.js'

type SchemaIssue = z.core.$ZodIssue

/** What was read: the definition if its shape is right, else what is wrong with it. */
export interface ReadDefinition {
  readonly definition?: PolicyDefinition
  readonly issues: readonly PathIssue[]
}

const expectations: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  string: 'text (put it in quotes)',
}

/** Checks the shape of a policy and every pattern in it. Not checked: whether the roles it names exist. */
export function readDefinition(input: unknown): ReadDefinition {
  const result = policySchema.safeParse(input)
  if (result.success) return { definition: result.data, issues: [] }
  return { issues: result.error.issues.flatMap((issue) => toPathIssues(issue, input)) }
}

function toPathIssues(issue: SchemaIssue, input: unknown): readonly PathIssue[] {
  const { path } = issue
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key))
    case 'invalid_union':
      return unionIssues(issue, input)
    case 'too_small':
      return [{ path, message: 'is an empty list: add an entry, or remove the key' }]
    case 'invalid_type':
      return [
        { path, message: `${describeValue(path, input)} must be ${expected(issue.expected)}` },
      ]
    default:
      return [{ path, message: issue.message }]
  }
}

function unknownKey(path: readonly PropertyKey[], key: string): PathIssue {
  if (key === 'scopes' && path[2] === 'deny') {
    const message =
      'unknown key here, since a deny holds whatever a token carries: write "scopes" in an allow entry'
    return { path: [...path, key], at: 'key', message }
  }
  const known = knownKeys(path)
  const closest = closestName(key, known)
  const advice =
    closest === undefined ? `known here: ${known.join(', ')}` : `did you mean "${closest}"?`
  return { path: [...path, key], at: 'key', message: `unknown key, ${advice}` }
}

// Of a union the branch counts whose outermost type fits; where none does, no branch says anything useful.
function unionIssues(
  issue: Extract<SchemaIssue, { code: 'invalid_union' }>,
  input: unknown,
): readonly PathIssue[] {
  const isText = typeof readPlace(issue.path, input) === 'string'
  const fitting = issue.errors.find((branch) => !branch.some((each) => isMisfit(each, isText)))
  if (fitting === undefined) {
    const message = `${describeValue(issue.path, input)} must be ${describeChoice(issue.path)}`
    return [{ path: issue.path, message }]
  }
  return fitting.flatMap((nested) =>
    toPathIssues({ ...nested, path: [...issue.path, ...nested.path] }, input),
  )
}

function describeChoice(path: readonly PropertyKey[]): string {
  const last = path.at(-1)
  if (path[0] !== 'assignments') {
    return `text (put it in quotes) or a mapping with the key "${path.at(-2) === 'resources' ? 'uri' : 'name'}"`
  }
  if (last === 'token') return '"any", or a mapping of what the token has to hold'
  if (path[3] !== 'claims') return 'text (put it in quotes) or a list of texts'
  return typeof last === 'number'
    ? 'text, a number, true or false'
    : 'text, a number, true or false, a list of these, or a mapping of claims'
}

/** A word is compared with texts alone: for anything else, its branch is of another type. */
function isMisfit(issue: SchemaIssue, isText: boolean): boolean {
  if (issue.path.length > 0) return false
  return issue.code === 'invalid_type' || (issue.code === 'invalid_value' && !isText)
}

function expected(type: string): string {
  return expectations[type] ?? type
}

function describeValue(path: readonly PropertyKey[], input: unknown): string {
  const value = readPlace(path, input)
  if (value === undefined) return 'is missing,'
  return value === null ? 'is empty,' : 'has the wrong type,'
}

function readPlace(path: readonly PropertyKey[], input: unknown): unknown {
  return path.reduce<unknown>(
    (parent, key) => (typeof parent === 'object' ? Reflect.get(parent ?? {}, key) : undefined),
    input,
  )
}
