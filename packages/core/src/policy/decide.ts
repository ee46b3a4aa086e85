import type { Operation } from '../mcp/operation.js'
import type { CompiledPolicy } from './compile.js'
import type { Decision } from './decision.js'
import { askOnce, findDecision, toApplies } from './find-decision.js'
import type { NamePattern } from './pattern.js'
import {
  type Permission,
  type Permissions,
  permissionsOf,
  permissionsWithToken,
} from './permissions.js'
import { compiledOf, type Policy } from './policy.js'
import type { Principal } from './principal.js'
import type { Question } from './question.js'
import {
  allowsUri,
  maximumUriLength,
  readTemplatePrefix,
  toDeniedForms,
  toResourceUri,
} from './resource-uri.js'
import { type ConditionalRule, hasOthers, type RuleTable } from './rule-table.js'
import type { UriPattern } from './uri-pattern.js'

const noRole: Decision = Object.freeze({ effect: 'deny', reason: 'no-role' })
const notAllowed: Decision = Object.freeze({ effect: 'deny', reason: 'not-allowed' })
const lifecycle: Decision = Object.freeze({ effect: 'allow', rule: 'lifecycle' })

/**
 * Decides whether a principal may do one thing. Pure and synchronous, and it never throws whatever the
 * operation says; nothing but the policy and the principal is asked. Deny wins over allow, and allow over
 * challenge: for scopes the token lacks, else for the token that would give a role.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function decide(policy: Policy, principal: Principal, operation: Operation): Decision {
  const compiled = compiledOf(policy)
  const permissions = permissionsOf(compiled, principal.roles)
  const decision =
    permissions === undefined ? noRole : decideOperation(permissions, { principal, operation })
  return decision.effect === 'deny' && principal.rolesWithToken.length > 0
    ? awaitToken(compiled, { principal, operation }, decision)
    : decision
}

/** What the roles a token could add would change. Nobody is asked for a token that would be of no use. */
function awaitToken(
  compiled: CompiledPolicy,
  question: Question,
  without: Extract<Decision, { effect: 'deny' }>,
): Decision {
  const permissions = permissionsWithToken(compiled, question.principal)
  if (without.reason === 'denied' || permissions === undefined) return without
  const decision = decideOperation(permissions, { ...question, awaitsToken: true })
  return decision.effect === 'deny'
    ? without
    : Object.freeze({ effect: 'challenge', wants: 'token', rule: decision.rule })
}

/** Whether the decision is allow or challenge: what lists are filtered with, so that a step-up can happen. */
export function permits(policy: Policy, principal: Principal, operation: Operation): boolean {
  return decide(policy, principal, operation).effect !== 'deny'
}

/**
 * What the decision would be if the conditions of all allow entries were met: names the entry whose
 * condition was not. For explanations only.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function decideAssuming(
  policy: Policy,
  principal: Principal,
  operation: Operation,
): Decision {
  const permissions = permissionsOf(compiledOf(policy), principal.roles)
  const question = { principal, operation, assumed: true } as const
  return permissions === undefined ? noRole : decideOperation(permissions, question)
}

function decideOperation(permissions: Permissions, question: Question): Decision {
  const { operation } = question
  switch (operation.kind) {
    case 'tool':
      return decideName(permissions.tools, operation.name, question)
    case 'prompt':
      return decideName(permissions.prompts, operation.name, question)
    case 'resource':
      return decideResource(permissions.resources, operation.uri, question)
    case 'template':
      return decideTemplate(permissions.resources, operation.uriTemplate, question)
    case 'method':
      return decideName(permissions.methods, operation.method, question)
    case 'lifecycle':
      return lifecycle
    default:
      // An operation of a newer kind than this file knows.
      return notAllowed
  }
}

function decideName(
  { allow, deny }: Permission<NamePattern>,
  name: string,
  question: Question,
): Decision {
  const matches = (pattern: NamePattern): boolean => pattern.matches(name)
  const opens = isInherited(name) ? never : matches
  const applies = toApplies<NamePattern>(question)
  return (
    findDecision(deny, { text: name, question, matches, applies }) ??
    findDecision(allow, { text: name, question, matches: opens, applies }) ??
    notAllowed
  )
}

function never(): boolean {
  return false
}

// A server that looks names up in a plain object finds something under this one that nobody registered.
function isInherited(name: string): boolean {
  return name === '__proto__'
}

function decideResource(
  { allow, deny }: Permission<UriPattern>,
  asSent: string,
  question: Question,
): Decision {
  if (asSent.length > maximumUriLength) return notAllowed
  const decided = findDenied(deny, asSent, question) ?? allow.exact.get(asSent)
  if (decided !== undefined) return decided
  if (!hasOthers(allow)) return notAllowed
  const uri = toResourceUri(asSent)
  const matches = (pattern: UriPattern): boolean => allowsUri(pattern, uri)
  // A condition that is true of one form alone says nothing about what a server will read.
  const applies = (rule: ConditionalRule<UriPattern>): boolean =>
    toAsk(rule, new Set(uri.forms)).every((form) => rule.applies({ ...question, uri: form }))
  return findDecision(allow, { text: asSent, question, matches, applies }) ?? notAllowed
}

function findDenied(
  deny: RuleTable<UriPattern>,
  asSent: string,
  question: Question,
): Decision | undefined {
  if (deny.exact.size === 0 && !hasOthers(deny)) return undefined
  const forms = toDeniedForms(asSent)
  const applies = askOnce((rule: ConditionalRule<UriPattern>) =>
    toAsk(rule, forms).some((form) => rule.applies({ ...question, uri: form })),
  )
  for (const form of forms) {
    const matches = (pattern: UriPattern): boolean => pattern.denies(form)
    const decision = findDecision(deny, { text: form, question, matches, applies })
    if (decision !== undefined) return decision
  }
  return undefined
}

// A rule that does not ask for the URI answers the same for every form of it.
function toAsk({ asksUri }: ConditionalRule<UriPattern>, forms: ReadonlySet<string>): string[] {
  return asksUri ? [...forms] : [...forms].slice(0, 1)
}

function decideTemplate(
  permission: Permission<UriPattern>,
  uriTemplate: string,
  question: Question,
): Decision {
  if (!uriTemplate.includes('{')) return decideResource(permission, uriTemplate, question)
  const prefix = readTemplatePrefix(uriTemplate)
  const begins = (pattern: UriPattern): boolean =>
    prefix?.startsWith(pattern.literalPrefix) ?? false
  const lies = (pattern: UriPattern): boolean =>
    pattern.wholeSubtree && uriTemplate.startsWith(pattern.literalPrefix)
  const applies = toApplies<UriPattern>(question)
  return (
    findDecision(permission.deny, { text: uriTemplate, question, matches: lies, applies }) ??
    findDecision(permission.allow, { text: uriTemplate, question, matches: begins, applies }) ??
    notAllowed
  )
}
