/** How long before the end of something a notice is given: a share of its life, or a time. */
export type ExpiryLead = { readonly share: number } | { readonly time: number }

/** Something that expires. */
export interface Expiring {
  readonly what: 'certificate' | 'ca' | 'crl'
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** What to look at, if less than a third of its life is left. */
  readonly hint?: string
}

/** Something expires soon, or has. */
export interface ExpiryNotice {
  readonly what: Expiring['what']
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** Milliseconds left; zero or less after the end. */
  readonly remaining: number
  readonly hint?: string
}

/** Gives notice of what expires. */
export interface ExpiryWatch {
  /** Replaces what is watched; what was told of one that is still there is not told again. */
  readonly set: (items: readonly Expiring[]) => void
  /** The notices that hold now, for whoever begins to listen. */
  readonly due: () => readonly ExpiryNotice[]
  readonly close: () => void
}

/** The clock can be set and a machine can sleep; and timers of more than 24 days fire at once. */
const longestWait = 3_600_000
const lastThird: ExpiryLead = { share: 1 / 3 }

/**
 * Watches what expires, by timers that keep no process alive: notice is given at each lead before the
 * end, and at the end itself. A lead longer than the whole life means nothing.
 */
export function createExpiryWatch(
  leads: readonly ExpiryLead[],
  onDue: (notice: ExpiryNotice) => void,
): ExpiryWatch {
  let items: readonly Expiring[] = []
  let told = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    const now = Date.now()
    const before = told
    told = new Map(items.map((item) => [keyOf(item), countPassed(item, leads, now)]))
    clearTimeout(timer)
    timer = setTimeout(look, findWait(items, leads, now)).unref()
    for (const item of items) {
      const passed = told.get(keyOf(item)) ?? 0
      if (passed > (before.get(keyOf(item)) ?? 0)) onDue(toNotice(item, now))
    }
  }

  return Object.freeze({
    set: (next: readonly Expiring[]) => {
      items = next
      look()
    },
    due: () => {
      const now = Date.now()
      const passed = items.filter((item) => countPassed(item, leads, now) > 0)
      return passed.map((item) => toNotice(item, now))
    },
    close: () => {
      clearTimeout(timer)
      items = []
    },
  })
}

function keyOf({ what, name, notBefore, notAfter }: Expiring): string {
  return `${what} ${notBefore} ${notAfter} ${name}`
}

function countPassed(item: Expiring, leads: readonly ExpiryLead[], now: number): number {
  return toTimes(item, leads).filter((time) => time <= now).length
}

function findWait(items: readonly Expiring[], leads: readonly ExpiryLead[], now: number): number {
  const coming = items.flatMap((item) => toTimes(item, leads)).filter((time) => time > now)
  return coming.reduce((least, time) => Math.min(least, time - now), longestWait)
}

function toTimes(item: Expiring, leads: readonly ExpiryLead[]): readonly number[] {
  const { notBefore, notAfter } = item
  const life = notAfter - notBefore
  const all = item.hint === undefined ? leads : [...leads, lastThird]
  const before = all
    .map((lead) => ('share' in lead ? lead.share * life : lead.time))
    .filter((time) => time < life)
  return [...before, 0].map((time) => notAfter - time)
}

function toNotice(item: Expiring, now: number): ExpiryNotice {
  const { what, name, notBefore, notAfter, hint } = item
  const remaining = notAfter - now
  const isLate = remaining <= (notAfter - notBefore) / 3
  return Object.freeze({
    what,
    name,
    notAfter,
    remaining,
    ...(isLate && hint !== undefined && { hint }),
  })
}
