import { afterEach, describe, expect, it, vi } from 'vitest'
import { writeReport } from '../src/report.js'

const report = {
  command: 'certs init',
  directory: 'certs/mcp/ca',
  files: { key: 'certs/mcp/ca/ca.key' },
  notAfter: '2036-01-01T00:00:00.000Z',
  next: 'mcp-mtls certs server my-server',
}

function print(isTerminal: boolean, noColour: string | undefined): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.stubEnv('NO_COLOR', noColour)
  vi.stubGlobal(
    'process',
    Object.create(process, { stdout: { value: { write, isTTY: isTerminal } } }),
  )
  writeReport(report, {})
  return String(write.mock.calls[0]?.[0])
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('a report', () => {
  it('is coloured on a terminal', () => {
    expect(print(true, undefined)).toContain('\u001b[32mwrote\u001b[39m certs/mcp/ca/ca.key')
  })

  it.each([
    ['elsewhere', false, undefined],
    ['with NO_COLOR', true, '1'],
  ])('is plain %s', (_where, isTerminal, noColour) => {
    expect(print(isTerminal, noColour)).not.toContain('\u001b')
  })
})
