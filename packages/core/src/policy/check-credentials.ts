import { closestName } from '../closest-name.js'
import { PolicyError } from '../errors.js'
import type { CompiledAssignment } from './compile-assignments.js'
import { quote } from './pattern.js'
import { compiledOf, type Policy } from './policy.js'
import { certificateKeys } from './schema.js'
import { toList } from './to-list.js'

/** What a policy has to know of the option `oauth`. */
export interface CredentialRules {
  /** Which credentials a caller needs; undefined without `oauth`, where no token is ever read. */
  readonly require: 'both' | 'certificate' | 'token' | 'either' | undefined
  readonly issuers: readonly string[]
}

/**
 * Checks that every assignment says what it wants of each credential a caller needs, so that neither
 * lends its roles to every holder of the other by accident, and asks for none that is not read. With
 * several issuers every matcher of tokens has to name one: a user of one would be taken for another's.
 *
 * @throws {PolicyError} with every place that does not fit
 */
export function checkCredentials(policy: Policy, rules: CredentialRules): void {
  const { assignments, tokenUses } = compiledOf(policy)
  const issues = assignments.flatMap((assignment, index) =>
    findProblems(assignment, rules).map((message) => ({
      path: `assignments[${index}]`,
      message,
      ...assignment.position,
    })),
  )
  const unread = rules.require === undefined ? tokenUses : []
  if (issues.length + unread.length > 0)
    throw new PolicyError(policy.source, [...unread, ...issues])
}

function findProblems(assignment: CompiledAssignment, rules: CredentialRules): readonly string[] {
  if (rules.require === undefined) return findUnread(assignment)
  return [
    ...findMissing(assignment, rules.require),
    ...findUnknownIssuers(assignment, rules.issuers),
    ...findAnyIssuer(assignment, rules.issuers),
  ]
}

function findUnread({ written }: CompiledAssignment): readonly string[] {
  const unread = (['token', 'challenge'] as const).filter((key) => written[key] !== undefined)
  return unread.map(
    (key) => `has ${quote(key)}, and no token is read: set the option oauth, or remove it`,
  )
}

function findMissing(
  { certificate, token, written }: CompiledAssignment,
  require: NonNullable<CredentialRules['require']>,
): readonly string[] {
  if (require === 'token') return findIgnored(written, token.length > 0)
  const needsCertificate = require !== 'either' && certificate.length === 0
  const needsToken = require === 'both' && token.length === 0
  return [
    ...(needsCertificate
      ? [`says nothing of the certificate, which ${quote(require)} requires: ${anyCertificate}`]
      : []),
    ...(needsToken ? [`says nothing of the token, which "both" requires: ${anyToken}`] : []),
  ]
}

const anyCertificate =
  'add a key such as "spiffe", or "certificate: any" if every certificate is meant'
const anyToken = 'add "token", with "token: any" if every token is meant'

function findIgnored(
  written: CompiledAssignment['written'],
  asksForToken: boolean,
): readonly string[] {
  const ignored = [...certificateKeys, 'certificate' as const].filter(
    (key) => written[key] !== undefined,
  )
  const problem = `names certificates (${ignored.join(', ')}), which oauth.require: 'token' does not look at: remove the keys, or require 'both' or 'either'`
  return [
    ...(ignored.length > 0 ? [problem] : []),
    ...(asksForToken ? [] : [`says nothing of the token: ${anyToken}`]),
  ]
}

function findUnknownIssuers(
  assignment: CompiledAssignment,
  known: readonly string[],
): readonly string[] {
  const unknown = toList(issuerOf(assignment)).filter((issuer) => !known.includes(issuer))
  return unknown.map((issuer) => {
    const closest = closestName(issuer, known)
    const advice = closest === undefined ? '' : `, did you mean ${quote(closest)}?`
    return `unknown issuer ${quote(issuer)}${advice} (known: ${known.map(quote).join(', ')})`
  })
}

function findAnyIssuer(
  assignment: CompiledAssignment,
  known: readonly string[],
): readonly string[] {
  const { token } = assignment.written
  const names = token === undefined || token === 'any' || issuerOf(assignment) !== undefined
  if (known.length < 2 || names) return []
  return [`could mean tokens of any issuer: add token.issuer (${known.map(quote).join(', ')})`]
}

function issuerOf({ written: { token } }: CompiledAssignment) {
  return typeof token === 'object' ? token.issuer : undefined
}
