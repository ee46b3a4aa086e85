import type { PolicyIssue } from '../errors.js'
import { type ConditionalList, parseCondition } from './condition.js'
import type { DenyDefinition, PolicyDefinition, RoleDefinition } from './definition.js'
import { type Locate, type PathIssue, toPolicyIssues } from './policy-issue.js'

const lists: readonly ConditionalList[] = ['tools', 'prompts', 'resources']

/** What is wrong with entries that ask for scopes, or look at the token, where no token is ever read. */
export function findTokenUses(
  { roles = {} }: PolicyDefinition,
  locate: Locate | undefined,
): readonly PolicyIssue[] {
  const found = Object.entries(roles).flatMap(([name, role]) => [
    ...findInSide(role, ['roles', name]),
    ...findInSide(role.deny ?? {}, ['roles', name, 'deny']),
  ])
  return toPolicyIssues(found, locate)
}

function findInSide(
  side: RoleDefinition | DenyDefinition,
  path: readonly string[],
): readonly PathIssue[] {
  return lists.flatMap((list) =>
    (side[list] ?? []).flatMap((entry, index) =>
      usesOf(list, entry).map((key) => ({
        path: [...path, list, index, key],
        message: `asks for ${key === 'when' ? 'a token' : 'scopes of a token'}, and no token is read: set the option oauth, or remove it`,
      })),
    ),
  )
}

type Entry = string | { readonly when?: string | undefined; readonly scopes?: unknown }

function usesOf(list: ConditionalList, entry: Entry): readonly string[] {
  if (typeof entry === 'string') return []
  const { when, scopes } = entry
  return [
    ...(scopes === undefined ? [] : ['scopes']),
    ...(when !== undefined && parseCondition(list, when).readsToken ? ['when'] : []),
  ]
}
