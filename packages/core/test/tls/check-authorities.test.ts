import { X509Certificate } from 'node:crypto'
import { createCertificateAuthority } from '@mcp-mtls/authority'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, TlsMaterialError } from '../../src/errors.js'
import { checkAuthorities } from '../../src/tls/check-authorities.js'
import type { NamedAuthority } from '../../src/tls/tls-material.js'

const now = Date.now()

async function createAuthority(name: string): Promise<NamedAuthority> {
  const { certificate } = await createCertificateAuthority({ name })
  const anchors = [new X509Certificate(certificate)]
  return { name, anchors, trustDomains: [], origin: `${name}.crt` }
}

describe('authorities that could vouch for nobody', () => {
  it('A27 are refused where there is none', () => {
    expect(() => checkAuthorities([], now)).toThrow(ConfigurationError)
    expect(() => checkAuthorities([], now)).toThrow('TLS source: no authority is given.')
  })

  it('A27 are refused without a CA certificate', async () => {
    const empty = { ...(await createAuthority('empty')), anchors: [] }
    expect(() => checkAuthorities([empty], now)).toThrow(TlsMaterialError)
    expect(() => checkAuthorities([empty], now)).toThrow(
      'authority "empty" (empty.crt): no CA certificate; no client could connect.',
    )
  })

  it('B05 are refused under one name', async () => {
    const twins = [await createAuthority('twin'), await createAuthority('twin')]
    expect(() => checkAuthorities(twins, now)).toThrow(ConfigurationError)
    expect(() => checkAuthorities(twins, now)).toThrow('two authorities are named "twin"')
  })

  it('are accepted without a warning otherwise', async () => {
    const two = [await createAuthority('one'), await createAuthority('two')]
    expect(checkAuthorities(two, now)).toEqual([])
  })
})
