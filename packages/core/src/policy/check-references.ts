import { closestName } from '../closest-name.js'
import { checkToken } from './check-token.js'
import { findExtendsCycles } from './extends-cycles.js'
import { quote } from './pattern.js'
import type { PathIssue } from './policy-issue.js'
import { type Fields, toFields } from './raw-fields.js'
import { certificateKeys } from './schema.js'

/** What a role can be called. */
export const roleName: RegExp = /^[A-Za-z][A-Za-z0-9_-]*$/

/**
 * Checks what one part of a policy says about another: names of roles, who extends whom, what
 * assignments give. Takes the policy as it was written, so that these issues are told together with
 * those of its shape; parts whose shape is wrong are passed over.
 */
export function checkReferences(input: unknown): readonly PathIssue[] {
  const { roles, assignments } = toFields(input)
  const extended = readExtended(toFields(roles))
  return [
    ...checkRoleNames([...extended.keys()]),
    ...checkExtended(extended),
    ...findExtendsCycles(extended),
    ...toList(assignments).flatMap((assignment, index) =>
      checkAssignment(assignment, index, extended),
    ),
  ]
}

function readExtended(roles: Fields): ReadonlyMap<string, readonly unknown[]> {
  return new Map(Object.keys(roles).map((name) => [name, toList(toFields(roles[name])['extends'])]))
}

function checkRoleNames(names: readonly string[]): readonly PathIssue[] {
  return names
    .filter((name) => !roleName.test(name) || name === 'constructor')
    .map((name) => ({
      path: ['roles', name],
      at: 'key',
      message:
        'is no name for a role: write a letter, then letters, digits, "_" or "-" (and not "constructor")',
    }))
}

function checkExtended(extended: ReadonlyMap<string, readonly unknown[]>): readonly PathIssue[] {
  return [...extended].flatMap(([name, parents]) =>
    checkRoles(parents, ['roles', name, 'extends'], extended),
  )
}

function checkAssignment(
  assignment: unknown,
  index: number,
  known: ReadonlyMap<string, unknown>,
): readonly PathIssue[] {
  const path = ['assignments', index]
  const fields = toFields(assignment)
  const unknown = checkRoles(toList(fields['roles']), [...path, 'roles'], known)
  if (assignment !== fields) return unknown
  const selects = selecting.some((key) => fields[key] !== undefined)
  return [
    ...unknown,
    ...(selects ? [] : [{ path, message: describeUnselecting(fields) }]),
    ...checkAnyCertificate(fields, path),
    ...checkToken(fields['token'], [...path, 'token']),
  ]
}

const selecting: readonly string[] = [
  ...certificateKeys.filter((key) => key !== 'issuer'),
  'certificate',
  'token',
]

function describeUnselecting(fields: Fields): string {
  const advice = `add one of ${selecting.join(', ')}`
  return fields['issuer'] === undefined
    ? `names neither a certificate nor a token: ${advice}`
    : `has only "issuer", which narrows: ${advice}`
}

// Whoever reads it would not know which of the two counts.
function checkAnyCertificate(fields: Fields, path: readonly PropertyKey[]): readonly PathIssue[] {
  const narrowing: readonly string[] = ['authority', 'issuer']
  const named = certificateKeys.find((key) => !narrowing.includes(key) && fields[key] !== undefined)
  if (fields['certificate'] === undefined || named === undefined) return []
  const message = `says any certificate beside ${quote(named)}: remove one of the two`
  return [{ path: [...path, 'certificate'], at: 'key', message }]
}

function checkRoles(
  names: readonly unknown[],
  path: readonly PropertyKey[],
  known: ReadonlyMap<string, unknown>,
): readonly PathIssue[] {
  return names.flatMap((name, index) =>
    typeof name !== 'string' || known.has(name)
      ? []
      : [{ path: [...path, index], message: describeUnknownRole(name, [...known.keys()]) }],
  )
}

function describeUnknownRole(name: string, known: readonly string[]): string {
  const closest = closestName(name, known)
  if (closest !== undefined) return `unknown role ${quote(name)}, did you mean "${closest}"?`
  if (known.length === 0) return `unknown role ${quote(name)}: define it under roles`
  return `unknown role ${quote(name)}, known: ${known.slice(0, 10).join(', ')}`
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
