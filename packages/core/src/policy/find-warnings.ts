import { describeIssue } from '../errors.js'
import { type ConditionalList, parseCondition } from './condition.js'
import type { DenyDefinition, PolicyDefinition } from './definition.js'
import { findOddDenials } from './find-odd-denials.js'
import { type Locate, type PathIssue, toPolicyIssues } from './policy-issue.js'

const lists: readonly ConditionalList[] = ['tools', 'prompts', 'resources']

/**
 * Finds what lets through more than it seems to: conditions, see `findExclusions`, denied names, see
 * `findOddDenials`, and roles that need no token of callers who are told how to get one.
 */
export function findWarnings(
  source: string,
  definition: PolicyDefinition,
  locate: Locate | undefined,
): readonly string[] {
  const found = Object.entries(definition.roles ?? {}).flatMap(([name, role]) => [
    ...findInSide('allow', role, ['roles', name]),
    ...findInSide('deny', role.deny ?? {}, ['roles', name, 'deny']),
  ])
  const open = [...findOddDenials(definition), ...findOpenRoles(definition)]
  return toPolicyIssues([...found, ...open], locate).map((issue) => describeIssue(source, issue))
}

// Such a certificate is most often one that many users share, as a hosted assistant's is.
function findOpenRoles({ assignments = [] }: PolicyDefinition): readonly PathIssue[] {
  return assignments.flatMap(({ challenge, token }, index): readonly PathIssue[] =>
    challenge === undefined || token !== undefined
      ? []
      : [
          {
            path: ['assignments', index, 'challenge'],
            at: 'key',
            message:
              'gives its roles without a token to whoever uses the certificate: add "token" where users share it',
          },
        ],
  )
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
