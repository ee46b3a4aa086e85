import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { createGuard } from '../../src/guard/create-guard.js'
import { findObserved } from '../../src/guard/observed-authority.js'
import { readOptions } from '../../src/guard/read-options.js'
import type { Authority } from '../../src/identity/authority.js'
import type { OAuthOptions } from '../../src/oauth/options.js'
import { definePolicy } from '../../src/policy/define.js'
import { openaiConnectors } from '../../src/tls/openai-connectors.js'
import { tlsFromFiles } from '../../src/tls/tls-from-files.js'
import type { TlsSource } from '../../src/tls/tls-source.js'
import { createCertificateFiles } from '../tls/certificate-files.js'
import { createLog } from './stage.js'

const corp: Authority = { name: 'corp', anchors: [], trustDomains: [] }
const openai: Authority = { ...corp, name: 'openai', certificate: 'observe' }

function sourceOf(...authorities: readonly Authority[]): TlsSource {
  const source = { authorities, clientCertificate: 'request', attach: () => undefined }
  return source as unknown as TlsSource
}

const common = {
  resource: 'https://mcp.test/mcp',
  issuers: [{ issuer: 'https://as.test' }],
} as const

function read(tls: TlsSource, oauth?: OAuthOptions) {
  return readOptions({ policy: definePolicy({ version: 1 }), tls, ...(oauth && { oauth }) })
}

describe('an authority whose certificate is only observed', () => {
  it('is found by its name', () => {
    expect(findObserved(sourceOf(corp, openai))).toBe('openai')
    expect(findObserved(sourceOf(corp))).toBeUndefined()
    expect(findObserved(undefined)).toBeUndefined()
  })

  it.each<[string, OAuthOptions | undefined, string]>([
    ['without oauth', undefined, 'set the option `oauth`'],
    ['where no certificate is looked at', { ...common, require: 'token' }, 'at no certificate'],
    [
      'where every token is bound to a certificate',
      { ...common, require: 'both', binding: 'required' },
      "oauth.binding 'required' lets in nobody without the certificate",
    ],
  ])('stops the start %s', (_, oauth, advice) => {
    const start = () => read(sourceOf(corp, openai), oauth)
    expect(start).toThrow(ConfigurationError)
    expect(start).toThrow(advice)
  })

  it.each(['both', 'certificate', 'either'] as const)('goes with %s', (require) => {
    expect(() => read(sourceOf(corp, openai), { ...common, require })).not.toThrow()
    expect(() => read(sourceOf(corp), { ...common, require: 'token' })).not.toThrow()
  })

  it('is said at the start, and which roles its certificate gives without a token', async () => {
    const files = await createCertificateFiles()
    const root = await createCertificateAuthority({ name: 'root' })
    const intermediate = await root.child({ name: 'intermediate' })
    const preset = openaiConnectors({
      root: await files.write('root.pem', root.certificate),
      intermediate: await files.write('intermediate.pem', intermediate.certificate),
      certificate: 'observe',
    })
    const { cert, key } = files.options
    const authorities = { openai: preset }
    const tls = await tlsFromFiles({ cert, key, authorities, clientCertificate: 'request' })
    const log = createLog()
    const policy = definePolicy({
      version: 1,
      roles: { guest: {} },
      assignments: [{ authority: 'openai', roles: ['guest'] }],
    })
    const oauth = { ...common, require: 'certificate' } as const
    const guard = createGuard({ policy, tls, logger: log, oauth })
    onTestFinished(() => guard.close().then(tls.close))
    await guard.ready
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warnings).toEqual([
      expect.stringContaining('the certificate of authority "openai" is only observed'),
      expect.stringContaining('gives "guest" to every caller of authority "openai"'),
    ])
  })
})
