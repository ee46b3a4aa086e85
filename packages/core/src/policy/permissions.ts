import type { CompiledPolicy, CompiledRole, Rule, RuleLists } from './compile.js'
import type { NamePattern } from './pattern.js'
import type { Principal } from './principal.js'
import { type RuleTable, toTable } from './rule-table.js'
import type { UriPattern } from './uri-pattern.js'

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
  /** What roles may do together with others, by both arrays. */
  readonly joined: WeakMap<readonly string[], WeakMap<readonly string[], Permissions>>
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

/** What the roles of a principal and those a token could add allow and deny together. */
export function permissionsWithToken(
  policy: CompiledPolicy,
  { roles, rolesWithToken }: Pick<Principal, 'roles' | 'rolesWithToken'>,
): Permissions | undefined {
  const { joined } = policy.permissions
  const cached = joined.get(roles)?.get(rolesWithToken)
  if (cached !== undefined) return cached
  const permissions = permissionsOf(policy, [...roles, ...rolesWithToken])
  if (permissions !== undefined && Object.isFrozen(roles) && Object.isFrozen(rolesWithToken)) {
    const others = joined.get(roles) ?? new WeakMap<readonly string[], Permissions>()
    joined.set(roles, others.set(rolesWithToken, permissions))
  }
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

/** The roles and all they extend, each once, those that were asked for first. */
export function reachableRoles(
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
