import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestError, TokenError } from '../../src/errors.js'
import { createReplayMemory } from '../../src/oauth/dpop-replay.js'

describe('createReplayMemory', () => {
  it('C17 refuses what it remembers', () => {
    const memory = createReplayMemory({ capacity: 2, now: () => 0 })
    memory.remember('a', 10, 'key')
    expect(() => memory.remember('a', 10, 'key')).toThrow(TokenError)
    expect(() => memory.remember('b', 10, 'other')).not.toThrow()
  })

  it('C17 refuses rather than forgets when it is full, and has room again in time', () => {
    const clock = { now: 0 }
    const memory = createReplayMemory({ capacity: 2, now: () => clock.now })
    memory.remember('a', 10, 'key of a')
    memory.remember('b', 20, 'key of b')
    expect(() => memory.remember('c', 20, 'key of c')).toThrow(
      expect.objectContaining({ name: 'RequestError', status: 503, rpcCode: -32603 }),
    )
    expect(() => memory.remember('a', 20, 'key of a')).toThrow(TokenError)
    clock.now = 10
    expect(() => memory.remember('c', 30, 'key of c')).toThrow(RequestError)
    clock.now = 11
    expect(() => memory.remember('c', 30, 'key of c')).not.toThrow()
    expect(() => memory.remember('b', 30, 'key of b')).toThrow(TokenError)
  })

  it('C17 one key fills no more than a quarter, and has room again in time', () => {
    const clock = { now: 0 }
    const memory = createReplayMemory({ capacity: 8, now: () => clock.now })
    memory.remember('a', 10, 'greedy')
    memory.remember('b', 20, 'greedy')
    expect(() => memory.remember('c', 20, 'greedy')).toThrow(
      expect.objectContaining({ name: 'RequestError', status: 503 }),
    )
    expect(() => memory.remember('c', 20, 'modest')).not.toThrow()
    expect(() => memory.remember('a', 20, 'modest')).toThrow(TokenError)
    clock.now = 11
    expect(() => memory.remember('d', 30, 'greedy')).not.toThrow()
    expect(() => memory.remember('e', 30, 'greedy')).toThrow(RequestError)
  })

  it('C17 never takes the same twice within its time, and holds no more than its capacity', () => {
    const step = fc.record({
      wait: fc.nat(5),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      life: fc.nat(10),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = { now: 0 }
        const memory = createReplayMemory({ capacity: 3, now: () => clock.now })
        const taken = new Map<string, number>()
        for (const { wait, id, life } of steps) {
          clock.now += wait
          const isLive = (until: number | undefined) => until !== undefined && until >= clock.now
          try {
            memory.remember(id, clock.now + life, `key of ${id}`)
          } catch {
            continue
          }
          expect(isLive(taken.get(id))).toBe(false)
          taken.set(id, clock.now + life)
          expect([...taken.values()].filter(isLive).length).toBeLessThanOrEqual(3)
        }
      }),
    )
  })
})
