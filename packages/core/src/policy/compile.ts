import type { PolicyIssue } from '../errors.js'
import { type CompiledAssignment, compileAssignments } from './compile-assignments.js'
import { type Condition, type ConditionalList, parseCondition } from './condition.js'
import type { DenyDefinition, PolicyDefinition, RoleDefinition, ToolEntry } from './definition.js'
import { toDeniedExpansions } from './denied-template.js'
import { findTokenUses } from './find-token-uses.js'
import type { AssignmentIndex } from './index-assignments.js'
import { parseMethodName } from './method-name.js'
import { type NamePattern, parseNamePattern } from './pattern.js'
import type { PermissionCache } from './permissions.js'
import type { Locate } from './policy-issue.js'
import { parseResourcePattern, toEquivalentForms, uiResources } from './resource-uri.js'
import type { RoleSets } from './role-sets.js'
import { exactUri, type UriPattern } from './uri-pattern.js'

/** A pattern, the place in the policy it was written at, and what else has to be so. */
export interface Rule<Pattern> {
  readonly pattern: Pattern
  readonly place: string
  readonly condition?: Condition
  /** What a token has to carry, all of it. */
  readonly scopes?: readonly string[]
}

/** The rules of one side, allow or deny. */
export interface RuleLists {
  readonly tools: readonly Rule<NamePattern>[]
  readonly prompts: readonly Rule<NamePattern>[]
  readonly resources: readonly Rule<UriPattern>[]
  readonly methods: readonly Rule<NamePattern>[]
}

/** A role with its own rules; those of the roles it extends are joined when a principal needs them. */
export interface CompiledRole {
  readonly extends: readonly string[]
  readonly allow: RuleLists
  readonly deny: RuleLists
}

/** What decisions and assignments are made from. Nothing in it is read with a key from the wire but maps. */
export interface CompiledPolicy {
  readonly roles: ReadonlyMap<string, CompiledRole>
  readonly assignments: readonly CompiledAssignment[]
  readonly assignmentIndex: AssignmentIndex
  /** Entries that make no sense where no token is ever read. */
  readonly tokenUses: readonly PolicyIssue[]
  readonly permissions: PermissionCache
  readonly roleSets: RoleSets
}

/** Compiles a definition that has no issues: every pattern parsed once, every name in a map. */
export function compilePolicy(
  definition: PolicyDefinition,
  locate: Locate | undefined,
): CompiledPolicy {
  const roles = Object.entries(definition.roles ?? {})
  return {
    roles: new Map(roles.map(([name, role]) => [name, compileRole(name, role)])),
    ...compileAssignments(definition.assignments ?? [], locate),
    tokenUses: findTokenUses(definition, locate),
    permissions: { bySet: new Map(), byArray: new WeakMap(), joined: new WeakMap() },
    roleSets: new Map(),
  }
}

function compileRole(name: string, role: RoleDefinition): CompiledRole {
  const place = `roles.${name}`
  const allow = compileLists(role, place)
  const deny = compileLists(role.deny ?? {}, `${place}.deny`)
  return {
    extends: role.extends ?? [],
    allow: { ...allow, resources: [...allow.resources, ...uiRules(role.tools, `${place}.tools`)] },
    deny: { ...deny, resources: deny.resources.flatMap(toDeniedResource) },
  }
}

function compileLists(lists: DenyDefinition, place: string): RuleLists {
  return {
    tools: entries('tools', lists.tools, { place, parse: parseNamePattern }),
    prompts: entries('prompts', lists.prompts, { place, parse: parseNamePattern }),
    resources: entries('resources', lists.resources, { place, parse: parseResourcePattern }),
    methods: (lists.methods ?? []).map((text, index) => ({
      pattern: parseMethodName(text),
      place: `${place}.methods[${index}]`,
    })),
  }
}

interface Reading<Pattern> {
  readonly place: string
  readonly parse: (text: string) => Pattern
}

interface Details {
  readonly when?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

type Entry = string | (({ readonly name: string } | { readonly uri: string }) & Details)

function entries<Pattern>(
  list: ConditionalList,
  written: readonly Entry[] | undefined,
  { place, parse }: Reading<Pattern>,
): Rule<Pattern>[] {
  return (written ?? []).map((entry, index) => ({
    pattern: parse(textOf(entry)),
    place: `${place}.${list}[${index}]`,
    ...detailsOf(list, entry),
  }))
}

function textOf(entry: Entry): string {
  if (typeof entry === 'string') return entry
  return 'uri' in entry ? entry.uri : entry.name
}

function detailsOf(
  list: ConditionalList,
  entry: Entry,
): { readonly condition?: Condition; readonly scopes?: readonly string[] } {
  if (typeof entry === 'string') return {}
  const { when, scopes } = entry
  return {
    ...(when !== undefined && { condition: parseCondition(list, when) }),
    ...(scopes !== undefined && { scopes: Object.freeze([...new Set(scopes)]) }),
  }
}

// The first entry with a user interface and nothing else is as good as all of them. What a condition asks
// of a call is not known when its interface is read, as it is not where tools are listed.
function uiRules(tools: readonly ToolEntry[] | undefined, place: string): Rule<UriPattern>[] {
  const rules = (tools ?? []).flatMap((entry, index) =>
    typeof entry === 'object' && entry.ui === true
      ? [{ pattern: uiResources, place: `${place}[${index}].ui`, ...detailsOf('tools', entry) }]
      : [],
  )
  const free = rules.find(({ condition, scopes }) => condition === undefined && !scopes)
  return free === undefined ? rules : [free]
}

// A denied URI is denied in every form it is the same in, whichever of them the policy is written in; a
// denied template with all that it expands to.
function toDeniedResource(rule: Rule<UriPattern>): readonly Rule<UriPattern>[] {
  if (!rule.pattern.exact) return [rule]
  const { text } = rule.pattern
  const patterns = [...new Set(toEquivalentForms(text))].map(exactUri)
  const expansions = toDeniedExpansions(text)
  if (expansions !== undefined) patterns.push(expansions)
  return patterns.map((pattern) => ({ ...rule, pattern }))
}
