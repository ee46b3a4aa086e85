import { isIP } from 'node:net'
import { UsageError } from '../errors.js'

const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/
// RFC 5321 addresses without quoted local parts.
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([^@]+)$/
const URI_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/

/** @throws {UsageError} unless the text is a host name, or `*.` and one where `wildcard` is allowed */
export function parseDnsName(text: string, wildcard: 'wildcard' | 'exact'): string {
  const host = wildcard === 'wildcard' && text.startsWith('*.') ? text.slice(2) : text
  if (isHostName(host)) return text
  throw new UsageError(`--dns ${JSON.stringify(text)}: is no DNS name`)
}

/** @throws {UsageError} */
export function parseIpAddress(text: string): string {
  if (isIP(text) !== 0 && !text.includes('%')) return text
  throw new UsageError(`--ip ${JSON.stringify(text)}: is no IP address`)
}

/** @throws {UsageError} */
export function parseEmail(text: string): string {
  const domain = EMAIL.exec(text)?.[1]
  if (domain !== undefined && isHostName(domain)) return text
  throw new UsageError(`--email ${JSON.stringify(text)}: is no e-mail address`)
}

/** @throws {UsageError} for text that is no absolute URI, and for SPIFFE IDs, which have rules of their own */
export function parseUri(text: string): string {
  if (!URI_CHARACTERS.test(text) || !URL.canParse(text)) {
    throw new UsageError(`--uri ${JSON.stringify(text)}: is no absolute URI`)
  }
  if (/^spiffe:/i.test(text)) throw new UsageError(`--uri ${text}: give a SPIFFE ID with --spiffe`)
  return text
}

/** RFC 5280 appendix A.1: a common name has at most 64 characters. @throws {UsageError} */
export function parseCommonName(text: string): string {
  if (text.trim() === text && /^[^\p{Cc}\p{Cf}]{1,64}$/u.test(text)) return text
  throw new UsageError(
    `--cn ${JSON.stringify(text)}: give 1 to 64 visible characters without spaces around them`,
  )
}

function isHostName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => LABEL.test(label))
}
