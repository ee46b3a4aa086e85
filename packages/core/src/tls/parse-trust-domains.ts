import { parseTrustDomain } from '../identity/spiffe-id.js'
import { wrong } from './parse-location.js'

/** @throws {ConfigurationError} for an empty list, and for what is no trust domain */
export function parseTrustDomains(value: unknown, name: string): string[] {
  if (value === undefined) return []
  const where = `authorities.${name}.trustDomains`
  if (!Array.isArray(value) || value.length === 0) {
    throw wrong(`"${where}" must be a list with at least one trust domain; else leave it out.`)
  }
  return value.map((entry) => parseOneTrustDomain(entry, where))
}

function parseOneTrustDomain(value: unknown, where: string): string {
  const advice = `"${where}" holds ${JSON.stringify(value)}; write the bare name, as in "acme.test".`
  if (typeof value !== 'string') throw wrong(advice)
  try {
    return parseTrustDomain(value)
  } catch (error) {
    throw wrong(advice, error)
  }
}
