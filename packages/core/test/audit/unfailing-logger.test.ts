import { afterEach, expect, it, vi } from 'vitest'
import type { Logger } from '../../src/audit/sinks.js'
import { toUnfailingLogger } from '../../src/audit/unfailing-logger.js'

afterEach(() => {
  vi.restoreAllMocks()
})

it('hands on what it is given, to the logger itself', () => {
  const lines: unknown[] = []
  const logger: Logger & { readonly lines: unknown[] } = {
    lines,
    info(...args) {
      this.lines.push(['info', ...args])
    },
    warn(...args) {
      this.lines.push(['warn', ...args])
    },
    error(...args) {
      this.lines.push(['error', ...args])
    },
  }
  const unfailing = toUnfailingLogger(logger)
  unfailing.info({ a: 1 }, 'one')
  unfailing.warn({ b: 2 }, 'two')
  unfailing.error({ c: 3 }, 'three')
  expect(lines).toEqual([
    ['info', { a: 1 }, 'one'],
    ['warn', { b: 2 }, 'two'],
    ['error', { c: 3 }, 'three'],
  ])
})

it.each(['info', 'warn', 'error'] as const)(
  'does not throw where %s does, and says so once',
  (level) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const fail = () => {
      throw new Error('disk full')
    }
    const unfailing = toUnfailingLogger({ info: fail, warn: fail, error: fail })
    unfailing[level]({}, 'one')
    unfailing[level]({}, 'two')
    expect(emitWarning.mock.calls).toEqual([['mcp-mtls: the logger failed: Error: disk full']])
  },
)
