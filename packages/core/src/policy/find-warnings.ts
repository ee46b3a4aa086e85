import { describeIssue } from '../errors.js'
import { type ConditionalList, parseCondition } from './condition.js'
import type { DenyDefinition, PolicyDefinition } from './definition.js'
import { type Locate, type PathIssue, toPolicyIssues } from './policy-issue.js'

const lists: readonly ConditionalList[] = ['tools', 'prompts', 'resources']

/** Finds conditions that let through more than they seem to, in the order of the policy; see `findExclusions`. */
export function findWarnings(
  source: string,
  definition: PolicyDefinition,
  locate: Locate | undefined,
): readonly string[] {
  const found = Object.entries(definition.roles ?? {}).flatMap(([name, role]) => [
    ...findInSide('allow', role, ['roles', name]),
    ...findInSide('deny', role.deny ?? {}, ['roles', name, 'deny']),
  ])
  return toPolicyIssues(found, locate).map((issue) => describeIssue(source, issue))
}

function findInSide(
  side: 'allow' | 'deny',
  entries: DenyDefinition,
  path: readonly string[],
): readonly PathIssue[] {
  return lists.flatMap((list) =>
    (entries[list] ?? []).flatMap((entry, index) =>
      typeof entry === 'string' || entry.when === undefined
        ? []
        : parseCondition(list, entry.when)
            .warnings(side)
            .map((message) => ({ path: [...path, list, index, 'when'], message })),
    ),
  )
}
