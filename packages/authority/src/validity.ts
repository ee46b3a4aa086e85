const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

/** When a certificate is valid. Without dates: from one hour ago (clocks differ) to `days` from now. */
export interface ValidityOptions {
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly days?: number
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** @throws {RangeError} when the dates are no dates, or `days` is not a positive number */
export function toValidity(options: ValidityOptions, defaultDays: number): Validity {
  const days = options.days ?? defaultDays
  if (!(days > 0)) throw new RangeError(`days must be a positive number, not ${days}`)
  const now = Date.now()
  return {
    notBefore: toWholeSecond(options.notBefore ?? new Date(now - HOUR)),
    notAfter: toWholeSecond(options.notAfter ?? new Date(now + days * DAY)),
  }
}

// RFC 5280 section 4.1.2.5.2: a GeneralizedTime in a certificate has no fractional seconds.
function toWholeSecond(date: Date): Date {
  const time = date.getTime()
  if (Number.isNaN(time)) throw new RangeError('notBefore and notAfter must be valid dates')
  return new Date(Math.floor(time / 1000) * 1000)
}
