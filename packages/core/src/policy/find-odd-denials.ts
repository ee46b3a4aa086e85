import type { DenyDefinition, PolicyDefinition } from './definition.js'
import type { PathIssue } from './policy-issue.js'

/**
 * Finds denied names that read as if they meant others as well, or have white space around them: they
 * deny less than whoever wrote them thinks.
 */
export function findOddDenials({ roles = {} }: PolicyDefinition): readonly PathIssue[] {
  return Object.entries(roles).flatMap(([name, { deny = {} }]) => [
    ...findInList(deny, 'tools', name),
    ...findInList(deny, 'prompts', name),
  ])
}

function findInList(
  deny: DenyDefinition,
  list: 'tools' | 'prompts',
  role: string,
): readonly PathIssue[] {
  return (deny[list] ?? []).flatMap((entry, index): readonly PathIssue[] => {
    const path = ['roles', role, 'deny', list, index]
    const message = describeName(typeof entry === 'string' ? entry : entry.name)
    if (message === undefined) return []
    return [{ path: typeof entry === 'string' ? path : [...path, 'name'], message }]
  })
}

function describeName(name: string): string | undefined {
  if (name.trim() !== name) {
    return 'begins or ends with white space, which names of tools and prompts hardly have'
  }
  return /[{}?[\]]/.test(name)
    ? 'denies this very name alone: only "*" stands for other characters, so write each name out'
    : undefined
}
