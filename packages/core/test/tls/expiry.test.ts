import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createExpiryWatch, type Expiring, type ExpiryNotice } from '../../src/tls/expiry.js'

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse('2026-01-01T00:00:00Z')
const leads = [{ share: 0.5 }, { time: day }]

beforeEach(() => {
  vi.useFakeTimers({ now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

function item(days: number, change: Partial<Expiring> = {}): Expiring {
  return {
    what: 'certificate',
    name: 'a',
    notBefore: start,
    notAfter: start + days * day,
    ...change,
  }
}

function watch(...items: Expiring[]) {
  const notices: ExpiryNotice[] = []
  const told = () => notices.splice(0).map(({ name, remaining }) => `${name} ${remaining / hour}`)
  const expiry = createExpiryWatch(leads, (notice) => notices.push(notice))
  expiry.set(items)
  return { expiry, told, notices }
}

describe('the expiry watch', () => {
  it('tells at half of the life, a day before the end, and at the end, to the moment', () => {
    const { told } = watch(item(100))
    vi.advanceTimersByTime(50 * day - 1)
    expect(told()).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told()).toEqual([`a ${50 * 24}`])
    vi.advanceTimersByTime(49 * day)
    expect(told()).toEqual(['a 24'])
    vi.advanceTimersByTime(day)
    expect(told()).toEqual(['a 0'])
    vi.advanceTimersByTime(30 * day)
    expect(told()).toEqual([])
  })

  it('waits ten years for a CA without a timer of more than 24 days', () => {
    const { told } = watch(item(3650, { what: 'ca' }))
    const timers = vi.spyOn(globalThis, 'setTimeout')
    vi.advanceTimersByTime(1825 * day)
    expect(told()).toEqual([`a ${1825 * 24}`])
    expect(Math.max(...timers.mock.calls.map(([, delay = 0]) => delay))).toBeLessThan(2 ** 31)
    timers.mockRestore()
  })

  it('tells once where several leads have passed at the start, and nothing of what is fresh', () => {
    const late = item(100, { name: 'late', notBefore: start - 100 * day, notAfter: start + hour })
    const { told, expiry } = watch(late, item(100, { name: 'fresh' }))
    expect(told()).toEqual(['late 1'])
    expect(expiry.due().map(({ name }) => name)).toEqual(['late'])
  })

  it('leaves out a lead that is longer than the whole life', () => {
    const { told } = watch(item(1 / 24))
    expect(told()).toEqual([])
    vi.advanceTimersByTime(hour / 2)
    expect(told()).toEqual(['a 0.5'])
  })

  it('begins anew for a successor and repeats nothing of what stays', () => {
    const ca = item(1, { what: 'ca', name: 'ca' })
    const { expiry, told } = watch(item(1), ca)
    vi.advanceTimersByTime(day / 2)
    expect(told()).toEqual(['a 12', 'ca 12'])
    const successor = item(1, { notBefore: start + day / 2, notAfter: start + 1.5 * day })
    expiry.set([successor, ca])
    expect(told()).toEqual([])
    vi.advanceTimersByTime(day / 2)
    expect(told().sort()).toEqual(['a 12', 'ca 0'])
  })

  it('sees a clock that was set', () => {
    const { told } = watch(item(100))
    vi.setSystemTime(start + 60 * day)
    vi.advanceTimersByTime(hour)
    expect(told()).toEqual([`a ${40 * 24 - 1}`])
  })

  it('says where to look when a third of the life is left, and not before', () => {
    const { notices } = watch(item(90, { hint: 'look' }))
    vi.advanceTimersByTime(60 * day)
    expect(notices.map(({ remaining, hint }) => [remaining / day, hint])).toEqual([
      [45, undefined],
      [30, 'look'],
    ])
  })

  it('keeps no process alive, and ends with close', () => {
    vi.useRealTimers()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const expiry = createExpiryWatch(leads, () => undefined)
    expiry.set([{ what: 'crl', name: 'x', notBefore: 0, notAfter: Date.now() + day }])
    const timer = timers.mock.results.at(-1)?.value as NodeJS.Timeout
    expect(timer.hasRef()).toBe(false)
    expiry.close()
    expect(expiry.due()).toEqual([])
    timers.mockRestore()
  })
})
