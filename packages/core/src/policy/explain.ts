import type { Operation } from '../mcp/operation.js'
import { parseCertificatePattern } from './certificate-pattern.js'
import { decide, decideAssuming } from './decide.js'
import type { Decision } from './decision.js'
import { parseMethodName } from './method-name.js'
import { parseNamePattern, quote } from './pattern.js'
import type { Policy } from './policy.js'
import type { Principal } from './principal.js'
import { maximumUriLength, parseResourcePattern } from './resource-uri.js'

interface Wanted {
  readonly list: keyof typeof parsers
  readonly text: string
}

const parsers = {
  tools: parseNamePattern,
  prompts: parseNamePattern,
  resources: parseResourcePattern,
  methods: parseMethodName,
} as const

/** Longer names are not worth a log line, and are no names anybody would allow. */
const maximumLength = 256

/**
 * Says which line of the policy would allow what was denied, which one denied it, or what a token would
 * have to carry. For the audit event only; a peer must not see it. Names from the wire are in quotes,
 * control characters escaped; no claim of a token is told.
 */
export function explainDenial(policy: Policy, principal: Principal, operation: Operation): string {
  const decision = decide(policy, principal, operation)
  if (decision.effect === 'challenge') return explainChallenge(policy, principal, decision)
  if (decision.effect === 'allow') return `allowed by ${decision.rule} in ${policy.source}`
  if (decision.reason === 'no-role') {
    return `no assignment in ${policy.source} gives ${describe(principal)} a role, add to assignments: ${suggestAssignment(principal)}`
  }
  const wanted = toWanted(operation)
  if (wanted === undefined) return `${policy.source} allows no operation of this kind`
  const name = wanted.text.length > maximumLength ? 'the name' : quote(wanted.text)
  if (operation.kind === 'resource' && wanted.text.length > maximumUriLength) {
    return `a URI of more than ${maximumUriLength} characters is always denied (${wanted.text.length} characters)`
  }
  if (decision.rule !== undefined) return `${decision.rule} in ${policy.source} denies ${name}`
  const unmet = decideAssuming(policy, principal, operation)
  return unmet.effect !== 'deny'
    ? `${unmet.rule} in ${policy.source} allows ${name} where its condition is true, and it is not`
    : suggestEntry(policy, principal, wanted)
}

function explainChallenge(
  { source }: Policy,
  { token }: Principal,
  decision: Extract<Decision, { effect: 'challenge' }>,
): string {
  if (decision.wants === 'token') {
    return `${decision.rule} in ${source} is for callers with a token, which an assignment asks for, and none was sent`
  }
  const lacking = decision.scopes.filter((scope) => !token?.scopes.includes(scope))
  const what = `${lacking.length === 1 ? 'the scope' : 'the scopes'} ${lacking.map(quote).join(', ')}`
  const why = token === undefined ? 'and no token was sent' : 'which the token lacks'
  return `${decision.rule} in ${source} wants ${what}, ${why}`
}

function suggestEntry(policy: Policy, principal: Principal, { list, text }: Wanted): string {
  if (!canBeWritten(list, text)) {
    return `no entry of ${list} in ${policy.source} can allow this name (${text.length} characters)`
  }
  const role = principal.roles.find((name) => policy.roles.includes(name))
  return `add ${quote(text)} to roles.${role}.${list} in ${policy.source}`
}

function canBeWritten(list: Wanted['list'], text: string): boolean {
  if (text.length > maximumLength || text.includes('*')) return false
  return parses(() => parsers[list](text))
}

function toWanted(operation: Operation): Wanted | undefined {
  switch (operation.kind) {
    case 'tool':
      return { list: 'tools', text: operation.name }
    case 'prompt':
      return { list: 'prompts', text: operation.name }
    case 'resource':
      return { list: 'resources', text: operation.uri }
    case 'template':
      return { list: 'resources', text: operation.uriTemplate }
    case 'method':
      return { list: 'methods', text: operation.method }
    default:
      return undefined
  }
}

// Whom a token speaks for is the event's to say, where what an issuer wrote is escaped and cut.
function describe({ name, token }: Principal): string {
  return token === undefined ? quote(name) : 'the caller'
}

// `...` is no name for a role, so the stanza cannot be pasted without a choice being made.
function suggestAssignment({ certificate, identity, token, observedAuthority }: Principal): string {
  const matcher = token && `token: { issuer: ${quote(token.issuer)}, kind: ${token.kind}, ... }`
  if (certificate === undefined) {
    const observed = suggestAuthority(observedAuthority)
    return `- { ${observed}${matcher}, roles: [...] }`
  }
  const authority =
    certificate.authority === 'default' ? '' : suggestAuthority(certificate.authority)
  const { spiffeId, subject, names, thumbprint } = certificate
  const name =
    suggestKey('spiffe', spiffeId?.text) ??
    (identity?.kind === 'cn' ? suggestKey('cn', subject.commonNames[0]) : undefined) ??
    suggestKey('uri', names.uri[0]) ??
    suggestKey('dns', names.dns[0]) ??
    suggestKey('email', names.email[0]) ??
    `thumbprint: ${quote(thumbprint)}`
  return `- { ${authority}${name}${matcher ? `, ${matcher}` : ''}, roles: [...] }`
}

function suggestAuthority(authority: string | undefined): string {
  return authority === undefined ? '' : `authority: ${quote(authority)}, `
}

function suggestKey(
  key: 'spiffe' | 'uri' | 'dns' | 'email' | 'cn',
  value: string | undefined,
): string | undefined {
  // A name with a wildcard, written as a pattern, would mean others too.
  if (value === undefined || value.includes('*')) return undefined
  if (!parses(() => parseCertificatePattern(key, value))) return undefined
  return `${key}: ${quote(value)}`
}

function parses(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}
