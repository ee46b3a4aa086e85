import type { CompiledPolicy, CompiledRole, Rule, RuleLists } from './compile.js'
import type { Condition } from './condition.js'
import type { Decision } from './decision.js'
import type { NamePattern } from './pattern.js'
import type { Question } from './question.js'
import type { UriPattern } from './uri-pattern.js'

/** Rules of one kind and side: exact texts by map, patterns in order, each with the decision it leads to. */
export interface RuleTable<Pattern> {
  readonly exact: ReadonlyMap<string, Decision>
  readonly patterns: readonly { readonly pattern: Pattern; readonly decision: Decision }[]
  /** Rules with a condition, asked after those without; undefined if there are none. */
  readonly conditional: ConditionalTable<Pattern> | undefined
}

/** The same for rules with a condition, of which several can have one text. */
export interface ConditionalTable<Pattern> {
  readonly exact: ReadonlyMap<string, readonly ConditionalRule<Pattern>[]>
  readonly patterns: readonly ConditionalRule<Pattern>[]
}

/** A rule that counts where its condition does. */
export interface ConditionalRule<Pattern> {
  readonly pattern: Pattern
  readonly decision: Decision
  applies(question: Question): boolean
}

/** Allow and deny of one kind. */
export interface Permission<Pattern> {
  readonly allow: RuleTable<Pattern>
  readonly deny: RuleTable<Pattern>
}

/** What a set of roles may do together. */
export interface Permissions {
  readonly tools: Permission<NamePattern>
  readonly prompts: Permission<NamePattern>
  readonly resources: Permission<UriPattern>
  readonly methods: Permission<NamePattern>
}

/** Permissions by set of roles, found by the frozen array first since principals share those. */
export interface PermissionCache {
  readonly bySet: Map<string, Permissions>
  readonly byArray: WeakMap<readonly string[], Permissions>
}

/** More sets than this are only met by a policy that assigns roles one by one; they are then worked out again. */
const maximumSets = 10_000

/** What the roles allow and deny together; `undefined` if none of them is a role of the policy. */
export function permissionsOf(
  policy: CompiledPolicy,
  roles: readonly string[],
): Permissions | undefined {
  const cached = policy.permissions.byArray.get(roles)
  if (cached !== undefined) return cached
  const known = [...new Set(roles)].filter((role) => policy.roles.has(role)).sort()
  if (known.length === 0) return undefined
  const permissions = permissionsOfSet(policy, known)
  // INVARIANT: only frozen arrays are keys, so what is cached for one cannot go out of date.
  if (Object.isFrozen(roles)) policy.permissions.byArray.set(roles, permissions)
  return permissions
}

function permissionsOfSet(policy: CompiledPolicy, known: readonly string[]): Permissions {
  const { bySet } = policy.permissions
  const key = known.join(',')
  const cached = bySet.get(key)
  if (cached !== undefined) return cached
  const permissions = joinRoles(reachableRoles(policy.roles, known))
  if (bySet.size >= maximumSets) bySet.clear()
  bySet.set(key, permissions)
  return permissions
}

// The roles and all they extend, each once, those that were asked for first.
function reachableRoles(
  roles: ReadonlyMap<string, CompiledRole>,
  names: readonly string[],
): readonly CompiledRole[] {
  const reached = new Set(names)
  // A set visits what is added to it while it is walked.
  for (const name of reached)
    for (const parent of roles.get(name)?.extends ?? []) reached.add(parent)
  return [...reached].flatMap((name) => roles.get(name) ?? [])
}

function joinRoles(roles: readonly CompiledRole[]): Permissions {
  return {
    tools: joinRules(roles, (lists) => lists.tools),
    prompts: joinRules(roles, (lists) => lists.prompts),
    resources: joinRules(roles, (lists) => lists.resources),
    methods: joinRules(roles, (lists) => lists.methods),
  }
}

type Written = { readonly exact: boolean; readonly text: string }

function joinRules<Pattern extends Written>(
  roles: readonly CompiledRole[],
  select: (lists: RuleLists) => readonly Rule<Pattern>[],
): Permission<Pattern> {
  const allow = roles.flatMap((role) => select(role.allow))
  const deny = roles.flatMap((role) => select(role.deny))
  return {
    allow: toTable(allow, {
      decide: (rule) => ({ effect: 'allow', rule }),
      applies: (condition, question) => question.assumed === true || condition.allows(question),
    }),
    deny: toTable(deny, {
      decide: (rule) => ({ effect: 'deny', reason: 'denied', rule }),
      applies: (condition, question) => condition.denies(question),
    }),
  }
}

interface Side {
  readonly decide: (place: string) => Decision
  readonly applies: (condition: Condition, question: Question) => boolean
}

function toTable<Pattern extends Written>(
  rules: readonly Rule<Pattern>[],
  side: Side,
): RuleTable<Pattern> {
  const exact = new Map<string, Decision>()
  const patterns: { pattern: Pattern; decision: Decision }[] = []
  const conditional: ConditionalRule<Pattern>[] = []
  for (const { pattern, place, condition } of rules) {
    const decision = Object.freeze(side.decide(place))
    if (condition !== undefined) {
      const applies = (question: Question) => side.applies(condition, question)
      conditional.push({ pattern, decision, applies })
    } else if (!pattern.exact) patterns.push({ pattern, decision })
    else if (!exact.has(pattern.text)) exact.set(pattern.text, decision)
  }
  return { exact, patterns, conditional: toConditionalTable(conditional) }
}

function toConditionalTable<Pattern extends Written>(
  rules: readonly ConditionalRule<Pattern>[],
): ConditionalTable<Pattern> | undefined {
  if (rules.length === 0) return undefined
  const exact = new Map<string, ConditionalRule<Pattern>[]>()
  for (const rule of rules.filter(({ pattern }) => pattern.exact)) {
    const others = exact.get(rule.pattern.text)
    if (others === undefined) exact.set(rule.pattern.text, [rule])
    else others.push(rule)
  }
  return { exact, patterns: rules.filter(({ pattern }) => !pattern.exact) }
}
