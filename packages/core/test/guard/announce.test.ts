import { describe, expect, it } from 'vitest'
import { announce } from '../../src/guard/announce.js'
import type { GuardContext } from '../../src/guard/context.js'
import type { GuardOptions } from '../../src/guard/options.js'
import { readOptions } from '../../src/guard/read-options.js'
import { createTokens } from '../../src/guard/tokens.js'
import { definePolicy } from '../../src/policy/define.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { metadataUrl, oauthWith } from './bearers.js'
import { createLog, policy } from './stage.js'

function start(options: Partial<GuardOptions> = {}) {
  const settings = readOptions({ policy, ...options })
  const logger = createLog()
  const context = { settings, logger, tokens: createTokens(settings) } as unknown as GuardContext
  const { policy: given } = { policy, ...options }
  announce(context, given as typeof policy, 'POST /mcp')
  expect(logger.lines.at(-1)?.fields).toEqual({
    roles: settings.policy === policy ? ['reader'] : ['idle'],
    assignments: settings.policy === policy ? 1 : 0,
  })
  return logger.lines.map(({ level, message }) => `${level} ${message}`)
}

function source(clientCertificate: 'required' | 'request', ...warnings: readonly string[]) {
  const describe = () => 'TLS of the files'
  const facts = { clientCertificate, warnings, describe, authorities: [], attach() {} }
  return facts as unknown as TlsSource
}

const sealed = 'sessions sealed for this process alone (replicas need `sessionSecret`)'
const counts = '1 roles, 1 assignments'

describe('the line of the start', () => {
  it('says what is guarded, by whose TLS, and by which policy', () => {
    const line = `info mcp-mtls guards POST /mcp: the application's own TLS; ${counts}; certificate only; ${sealed}`
    expect(start()).toEqual([line])
  })

  it('describes the TLS source, after its warnings and those of the policy', () => {
    const odd = definePolicy({ version: 1, roles: { idle: { tools: ['x'] } } })
    const lines = start({ tls: source('required', 'the CA is old'), policy: odd })
    expect(lines[0]).toBe('warn mcp-mtls: the CA is old')
    expect(lines.slice(1, -1)).toEqual(odd.warnings.map((text) => `warn mcp-mtls: ${text}`))
    expect(lines.at(-1)).toContain('POST /mcp: TLS of the files; 1 roles, 0 assignments;')
  })

  it.each([
    ['both', 'certificate and access token'],
    ['certificate', 'certificate, and access token where the policy asks for one'],
    ['token', 'access token only'],
    ['either', 'certificate or access token'],
  ])('says which credentials are needed: %s', (require, text) => {
    const lines = start({ oauth: oauthWith({ require }), tls: source('request') })
    expect(lines).toEqual([expect.stringContaining(`; ${text}, metadata at ${metadataUrl};`)])
  })

  it('warns where the metadata cannot be read without a certificate', () => {
    const lines = start({ oauth: oauthWith(), tls: source('required') })
    expect(lines[0]).toMatch(/^warn mcp-mtls: the metadata for OAuth clients can be read/)
    expect(start({ tls: source('required') })).toHaveLength(1)
    expect(start({ oauth: oauthWith() })).toHaveLength(1)
  })

  it('says how sessions are sealed, and that the policy is only observed', () => {
    const [line] = start({ sessionSecret: 'a'.repeat(32), enforcement: 'observe' })
    expect(line).toMatch(
      /; sessions sealed with `sessionSecret`; OBSERVING: what the policy denies is let through$/,
    )
  })
})
