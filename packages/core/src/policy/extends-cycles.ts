import type { PathIssue } from './policy-issue.js'

type Extended = ReadonlyMap<string, readonly unknown[]>

interface Step {
  readonly role: string
  next: number
}

/**
 * Finds roles that extend themselves through others. Walks depth first with a stack of its own, so a
 * chain of any length cannot exhaust the call stack, and meets every `extends` entry once.
 */
export function findExtendsCycles(extended: Extended): readonly PathIssue[] {
  const issues: PathIssue[] = []
  const finished = new Set<string>()
  for (const role of extended.keys()) {
    if (!finished.has(role)) walk(role, extended, { finished, issues })
  }
  return issues
}

function walk(
  start: string,
  extended: Extended,
  { finished, issues }: { readonly finished: Set<string>; readonly issues: PathIssue[] },
): void {
  const stack: Step[] = [{ role: start, next: 0 }]
  const open = new Set([start])
  for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
    const index = step.next++
    const parents = extended.get(step.role) ?? []
    const parent = parents[index]
    if (index >= parents.length) {
      open.delete(step.role)
      finished.add(step.role)
      stack.pop()
    } else if (typeof parent === 'string' && open.has(parent)) {
      issues.push(describeCycle(stack, parent, index))
    } else if (typeof parent === 'string' && !finished.has(parent)) {
      open.add(parent)
      stack.push({ role: parent, next: 0 })
    }
  }
}

function describeCycle(stack: readonly Step[], parent: string, index: number): PathIssue {
  const roles = stack.map(({ role }) => role)
  const cycle = [...roles.slice(roles.indexOf(parent)), parent]
  return {
    path: ['roles', roles.at(-1) ?? parent, 'extends', index],
    message: `roles extend each other in a circle, ${cycle.join(' → ')}: remove one of them`,
  }
}
