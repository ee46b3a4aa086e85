import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Connection } from '../../src/guard/connection.js'
import type { GuardContext } from '../../src/guard/context.js'
import { createVigil } from '../../src/guard/vigil.js'
import { oauthWith, tokensOf } from './bearers.js'
import { createLog } from './stage.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function watch(require?: 'token' | 'either') {
  const lapsed: Connection[] = []
  const errors: unknown[] = []
  const logger = createLog()
  const verify = vi.fn(() => errors)
  const tokens = require && tokensOf(oauthWith({ require }))
  const connections = { lapsed: () => lapsed } as unknown as GuardContext['connections']
  const vigil = createVigil({ connections, tokens, logger }, { verify })
  const destroySoon = vi.fn()
  const connection = Object.assign(new EventEmitter(), { destroySoon, destroy: vi.fn() })
  return { vigil, lapsed, errors, verify, connection, lines: logger.lines }
}

describe('the vigil over what is open', () => {
  it('A22 asks streams twice a second, and at once where it is told', () => {
    const { vigil, verify } = watch()
    vi.advanceTimersByTime(1_000)
    expect(verify).toHaveBeenCalledTimes(2)
    vigil.look()
    expect(verify).toHaveBeenCalledTimes(3)
    vigil.close()
    vi.advanceTimersByTime(1_000)
    expect(verify).toHaveBeenCalledTimes(3)
  })

  it.each([undefined, 'either'] as const)(
    'A22 closes connections whose certificate no longer holds: require %s',
    (require) => {
      const { vigil, lapsed, connection } = watch(require)
      vigil.look()
      expect(connection.destroySoon).not.toHaveBeenCalled()
      lapsed.push(connection)
      vigil.look()
      expect(connection.destroySoon).toHaveBeenCalledOnce()
      vigil.close()
    },
  )

  it('leaves connections alone where their certificate is no credential', () => {
    const { vigil, lapsed, connection, verify } = watch('token')
    lapsed.push(connection)
    vigil.look()
    expect(verify).toHaveBeenCalledOnce()
    expect(connection.destroySoon).not.toHaveBeenCalled()
    vigil.close()
  })

  it('says that an end could not be recorded, and goes on', () => {
    const { vigil, errors, lapsed, lines, connection } = watch()
    const error = new Error('the sink failed')
    errors.push(undefined, error, undefined)
    lapsed.push(connection)
    vigil.look()
    expect(lines).toEqual([
      {
        level: 'error',
        fields: { err: error },
        message: 'mcp-mtls: the end of a stream could not be recorded',
      },
    ])
    expect(connection.destroySoon).toHaveBeenCalledOnce()
    vigil.close()
  })

  it('A22 lets others have their turn in a long round, which ends all the same', async () => {
    vi.useRealTimers()
    const destroySoon = vi.fn()
    const connection = Object.assign(new EventEmitter(), { destroySoon, destroy: vi.fn() })
    const steps = 60
    let asked = 0
    const vigil = createVigil(
      {
        connections: { open: vi.fn(), certificate: vi.fn(), lapsed: () => [connection] },
        tokens: undefined,
        logger: createLog(),
      },
      {
        *verify() {
          for (; asked < steps; asked += 1) {
            const end = performance.now() + 1
            while (performance.now() < end);
            yield undefined
          }
        },
      },
    )
    vigil.look()
    expect(asked).toBeLessThan(steps)
    expect(destroySoon).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(destroySoon).toHaveBeenCalledOnce(), 10_000)
    expect(asked).toBe(steps)
    vigil.close()
  })

  it('A22 asks no further once it is closed', async () => {
    vi.useRealTimers()
    const ask = vi.fn(() => {
      const end = performance.now() + 30
      while (performance.now() < end);
    })
    const vigil = createVigil(
      {
        connections: { open: vi.fn(), certificate: vi.fn(), lapsed: () => [] },
        tokens: undefined,
        logger: createLog(),
      },
      {
        *verify() {
          for (let step = 0; step < 3; step += 1) yield ask()
        },
      },
    )
    vigil.look()
    vigil.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(ask).toHaveBeenCalledOnce()
  })
})

describe('the vigil over a great deal', () => {
  /** Each connection takes five milliseconds; the last is not good any more. */
  function watchMany() {
    let clock = 0
    let asked = 0
    vi.spyOn(performance, 'now').mockImplementation(() => clock)
    const destroySoon = vi.fn()
    const last = Object.assign(new EventEmitter(), { destroySoon, destroy: vi.fn() })
    const lapsed = function* () {
      for (let index = 0; index < 100; index += 1) {
        clock += 5
        asked += 1
        yield index === 99 ? last : undefined
      }
    }
    const connections = { lapsed } as unknown as GuardContext['connections']
    const context = { connections, tokens: undefined, logger: createLog() }
    const vigil = createVigil(context, { verify: () => [] })
    return { vigil, asked: () => asked, destroySoon }
  }

  it('gives others their turn, and comes to the end all the same', () => {
    const { vigil, asked, destroySoon } = watchMany()
    vigil.look()
    expect(asked()).toBe(4)
    expect(destroySoon).not.toHaveBeenCalled()
    vi.advanceTimersByTime(400)
    expect(asked()).toBe(100)
    expect(destroySoon).toHaveBeenCalledOnce()
    vigil.close()
  })

  it('does not begin anew by itself while it goes on', () => {
    const { vigil, asked } = watchMany()
    vi.advanceTimersByTime(490)
    vigil.look()
    vi.advanceTimersByTime(400)
    expect(asked()).toBe(100)
    vigil.close()
  })

  it('begins anew where it is told, and stops where it is closed', () => {
    const { vigil, asked } = watchMany()
    vigil.look()
    vigil.look()
    expect(asked()).toBe(8)
    vi.advanceTimersByTime(400)
    expect(asked()).toBe(104)
    vigil.look()
    vigil.close()
    vi.advanceTimersByTime(1_000)
    expect(asked()).toBe(108)
  })
})
