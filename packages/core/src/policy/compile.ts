import { type CompiledAssignment, compileAssignments } from './compile-assignments.js'
import type { DenyDefinition, PolicyDefinition, RoleDefinition, ToolEntry } from './definition.js'
import { parseMethodName } from './method-name.js'
import { type NamePattern, parseNamePattern } from './pattern.js'
import type { PermissionCache } from './permissions.js'
import type { Locate } from './policy-issue.js'
import { parseResourcePattern, toEquivalentForms, uiResources } from './resource-uri.js'
import { exactUri, type UriPattern } from './uri-pattern.js'

/** A pattern and the place in the policy it was written at. */
export interface Rule<Pattern> {
  readonly pattern: Pattern
  readonly place: string
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
  readonly assignmentIndex: ReadonlyMap<string, readonly CompiledAssignment[]>
  readonly permissions: PermissionCache
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
    permissions: { bySet: new Map(), byArray: new WeakMap() },
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
  const tools = lists.tools?.map((entry) => (typeof entry === 'string' ? entry : entry.name))
  return {
    tools: rules(tools, `${place}.tools`, parseNamePattern),
    prompts: rules(lists.prompts, `${place}.prompts`, parseNamePattern),
    resources: rules(lists.resources, `${place}.resources`, parseResourcePattern),
    methods: rules(lists.methods, `${place}.methods`, parseMethodName),
  }
}

// The first entry with a user interface is as good as all of them.
function uiRules(tools: readonly ToolEntry[] | undefined, place: string): Rule<UriPattern>[] {
  const index = (tools ?? []).findIndex((entry) => typeof entry === 'object' && entry.ui === true)
  return index === -1 ? [] : [{ pattern: uiResources, place: `${place}[${index}].ui` }]
}

function rules<Pattern>(
  texts: readonly string[] | undefined,
  place: string,
  parse: (text: string) => Pattern,
): Rule<Pattern>[] {
  return (texts ?? []).map((text, index) => ({ pattern: parse(text), place: `${place}[${index}]` }))
}

// A denied URI is denied in every form it is the same in, whichever of them the policy is written in.
function toDeniedResource({ pattern, place }: Rule<UriPattern>): readonly Rule<UriPattern>[] {
  if (!pattern.exact) return [{ pattern, place }]
  const forms = new Set(toEquivalentForms(pattern.text))
  return [...forms].map((form) => ({ pattern: exactUri(form), place }))
}
