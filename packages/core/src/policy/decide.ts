import type { Operation } from '../mcp/operation.js'
import type { Decision } from './decision.js'
import type { NamePattern } from './pattern.js'
import { type Permission, type Permissions, permissionsOf, type RuleTable } from './permissions.js'
import { compiledOf, type Policy } from './policy.js'
import type { Principal } from './principal.js'
import { allowsUri, readTemplatePrefix, toDeniedForms, toResourceUri } from './resource-uri.js'
import type { UriPattern } from './uri-pattern.js'

const noRole: Decision = Object.freeze({ effect: 'deny', reason: 'no-role' })
const notAllowed: Decision = Object.freeze({ effect: 'deny', reason: 'not-allowed' })
/** Every form of a URI is a copy of it; a longer one is no name of a resource. */
const maximumUriLength = 65_536
const lifecycle: Decision = Object.freeze({ effect: 'allow', rule: 'lifecycle' })

/**
 * Decides whether a principal may do one thing. Pure and synchronous, and it never throws whatever the
 * operation says; nothing but the policy and the principal's roles is asked. Deny wins over allow.
 *
 * @throws {ConfigurationError} if the policy was not made by `loadPolicy` or `definePolicy`
 */
export function decide(policy: Policy, principal: Principal, operation: Operation): Decision {
  const permissions = permissionsOf(compiledOf(policy), principal.roles)
  return permissions === undefined ? noRole : decideOperation(permissions, operation)
}

/** Whether the decision is allow: what lists are filtered with, so that listed and callable are the same. */
export function permits(policy: Policy, principal: Principal, operation: Operation): boolean {
  return decide(policy, principal, operation).effect === 'allow'
}

function decideOperation(permissions: Permissions, operation: Operation): Decision {
  switch (operation.kind) {
    case 'tool':
      return decideName(permissions.tools, operation.name)
    case 'prompt':
      return decideName(permissions.prompts, operation.name)
    case 'resource':
      return decideResource(permissions.resources, operation.uri)
    case 'template':
      return decideTemplate(permissions.resources, operation.uriTemplate)
    case 'method':
      return decideName(permissions.methods, operation.method)
    case 'lifecycle':
      return lifecycle
    default:
      // An operation of a newer kind than this file knows.
      return notAllowed
  }
}

function decideName({ allow, deny }: Permission<NamePattern>, name: string): Decision {
  const matches = (pattern: NamePattern): boolean => pattern.matches(name)
  return (
    deny.exact.get(name) ??
    findPattern(deny, matches) ??
    allow.exact.get(name) ??
    (isInherited(name) ? notAllowed : (findPattern(allow, matches) ?? notAllowed))
  )
}

// A server that looks names up in a plain object finds something under this one that nobody registered.
function isInherited(name: string): boolean {
  return name === '__proto__'
}

function decideResource({ allow, deny }: Permission<UriPattern>, asSent: string): Decision {
  if (asSent.length > maximumUriLength) return notAllowed
  const decided = findDenied(deny, asSent) ?? allow.exact.get(asSent)
  if (decided !== undefined) return decided
  if (allow.patterns.length === 0) return notAllowed
  const uri = toResourceUri(asSent)
  return findPattern(allow, (pattern) => allowsUri(pattern, uri)) ?? notAllowed
}

function findDenied(deny: RuleTable<UriPattern>, asSent: string): Decision | undefined {
  if (deny.exact.size === 0 && deny.patterns.length === 0) return undefined
  for (const form of toDeniedForms(asSent)) {
    const decision = deny.exact.get(form) ?? findPattern(deny, (pattern) => pattern.denies(form))
    if (decision !== undefined) return decision
  }
  return undefined
}

function decideTemplate(permission: Permission<UriPattern>, uriTemplate: string): Decision {
  if (!uriTemplate.includes('{')) return decideResource(permission, uriTemplate)
  const { allow, deny } = permission
  const prefix = readTemplatePrefix(uriTemplate)
  const begins = (pattern: UriPattern): boolean =>
    prefix?.startsWith(pattern.literalPrefix) ?? false
  return (
    deny.exact.get(uriTemplate) ??
    findPattern(
      deny,
      (pattern) => pattern.wholeSubtree && uriTemplate.startsWith(pattern.literalPrefix),
    ) ??
    allow.exact.get(uriTemplate) ??
    findPattern(allow, begins) ??
    notAllowed
  )
}

function findPattern<Pattern>(
  table: RuleTable<Pattern>,
  matches: (pattern: Pattern) => boolean,
): Decision | undefined {
  return table.patterns.find(({ pattern }) => matches(pattern))?.decision
}
