import type { AuthorityPaths } from './file-options.js'
import { parseLocations, wrong } from './parse-location.js'

type Conditions = Pick<AuthorityPaths, 'issuedBy' | 'dns' | 'challenge' | 'certificate'>

// Letters, digits and hyphens between dots: no wildcard, no dot at the end.
const hostName = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const longestName = 253

/**
 * Parses what an authority asks of its clients' own certificates, and how it treats them; what is not
 * given stays out.
 *
 * @throws {ConfigurationError} for an empty list, a pattern in place of a DNS name, or another value
 */
export function parseLeafConditions(
  { issuedBy, dns, challenge, certificate }: Readonly<Record<string, unknown>>,
  where: string,
): Conditions {
  return {
    ...(issuedBy !== undefined && {
      issuedBy: Object.freeze(parseLocations(issuedBy, `${where}.issuedBy`)),
    }),
    ...(dns !== undefined && { dns: parseDnsNames(dns, `${where}.dns`) }),
    ...(challenge !== undefined && {
      challenge: parseWord(challenge, { where: `${where}.challenge`, word: 'tool-result' }),
    }),
    ...(certificate !== undefined && {
      certificate: parseWord(certificate, { where: `${where}.certificate`, word: 'observe' }),
    }),
  }
}

function parseDnsNames(value: unknown, where: string): readonly string[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (names.length === 0) throw wrong(`"${where}" is an empty list; no client could connect.`)
  return Object.freeze(names.map((name) => parseDnsName(name, where)))
}

function parseDnsName(value: unknown, where: string): string {
  if (typeof value === 'string' && value.length <= longestName && hostName.test(value)) return value
  throw wrong(
    `"${where}" holds ${JSON.stringify(value)}; write a DNS name in lower case, in full: it is compared exactly, wildcards do not exist.`,
  )
}

function parseWord<Word extends string>(
  value: unknown,
  { where, word }: { readonly where: string; readonly word: Word },
): Word {
  if (value === word) return word
  throw wrong(`"${where}" must be "${word}", not ${JSON.stringify(value)}; else leave it out.`)
}
