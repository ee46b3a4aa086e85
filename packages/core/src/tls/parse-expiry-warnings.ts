import type { ExpiryLead } from './expiry.js'
import { wrong } from './parse-location.js'

const units: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
])
const unlessGiven: readonly ExpiryLead[] = Object.freeze([
  Object.freeze({ share: 0.5 }),
  Object.freeze({ time: 86_400_000 }),
])

/**
 * Parses how long before an end notice is given.
 *
 * @throws {ConfigurationError} for anything but shares below 100 % and times
 */
export function parseExpiryWarnings(value: unknown): readonly ExpiryLead[] {
  if (value === undefined) return unlessGiven
  if (!Array.isArray(value)) throw wrong('"expiryWarnings" must be a list, as in ["50%", "24h"].')
  return Object.freeze(value.map(parseLead))
}

function parseLead(value: unknown): ExpiryLead {
  const [, number = '', unit = ''] =
    typeof value === 'string' ? (/^([1-9][0-9]{0,4})([%dhm])$/.exec(value) ?? []) : []
  const time = units.get(unit)
  if (time !== undefined) return Object.freeze({ time: Number(number) * time })
  if (unit === '%' && Number(number) < 100) return Object.freeze({ share: Number(number) / 100 })
  throw wrong(
    `"expiryWarnings" holds ${JSON.stringify(value)}; write a share of the life, as in "50%", or a time in days, hours or minutes, as in "7d", "24h", "30m".`,
  )
}
