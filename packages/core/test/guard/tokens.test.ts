import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { readOptions } from '../../src/guard/read-options.js'
import { createTokens, type Tokens } from '../../src/guard/tokens.js'
import type { PeerCertificate } from '../../src/identity/peer-certificate.js'
import { createProofKey, signProof, toClaims } from '../oauth/make-proof.js'
import { peer } from '../policy/peer.js'
import { issuer, metadataUrl, oauthWith, requestWith, resource, tokensOf } from './bearers.js'
import { policy } from './stage.js'

const own = 'A'.repeat(43)
const certificate = peer({ dns: ['agent.test'], thumbprint: own })
const other = peer({ dns: ['other.test'], thumbprint: `E${'A'.repeat(42)}` })
const bound = { bound: { sub: 'alice', cnf: { 'x5t#S256': own } } }
const bearer = (text: string) => ({ authorization: `Bearer ${text}` })

/** What comes of a request with these headers over this certificate. */
async function read(
  tokens: Tokens,
  headers: Readonly<Record<string, string>>,
  presented: PeerCertificate | undefined = certificate,
) {
  return tokens.read(requestWith(headers), { certificate: presented })
}

describe('the tokens of a guard', () => {
  it('are nobody without the option oauth', () => {
    expect(createTokens(readOptions({ policy }))).toBeUndefined()
  })

  it('are wanted beside the certificate unless the options say otherwise', () => {
    expect(tokensOf().require).toBe('both')
    expect(tokensOf(oauthWith({ require: 'either' })).require).toBe('either')
  })

  it('of a request without one are none, at once', () => {
    expect(tokensOf().read(requestWith({}), { certificate })).toBeUndefined()
  })

  it('are verified', async () => {
    const tokens = tokensOf()
    const token = await read(tokens, bearer('alice'))
    expect(token).toMatchObject({ issuer, subject: 'alice', clientId: 'web', kind: 'user' })
    await expect(read(tokens, bearer('mallory'))).rejects.toMatchObject({ reason: 'inactive' })
  })

  it('C10 bound to a certificate are good over that one alone', async () => {
    const tokens = tokensOf(oauthWith({}, bound))
    await expect(read(tokens, bearer('bound'))).resolves.toMatchObject({ subject: 'alice' })
    await expect(read(tokens, bearer('bound'), other)).rejects.toMatchObject({ reason: 'binding' })
    const without = tokens.read(requestWith(bearer('bound')), { certificate: undefined })
    await expect(without).rejects.toMatchObject({ reason: 'binding' })
  })

  it('that are not bound are refused where binding is required', async () => {
    const tokens = tokensOf(oauthWith({ binding: 'required' }, bound))
    await expect(read(tokens, bearer('alice'))).rejects.toMatchObject({ reason: 'unbound' })
    await expect(read(tokens, bearer('bound'))).resolves.toBeDefined()
    expect(JSON.parse(tokens.metadata.document)).toMatchObject({
      tls_client_certificate_bound_access_tokens: true,
    })
    expect(tokensOf().metadata.document).not.toContain('bound_access_tokens')
  })

  it('C11 of a client are refused to a certificate that may not act as it', async () => {
    const clients = [{ dns: 'agent.test', client: 'web' }]
    const tokens = tokensOf(oauthWith({ clients }))
    await expect(read(tokens, bearer('alice'))).resolves.toBeDefined()
    await expect(read(tokens, bearer('alice'), other)).rejects.toMatchObject({ reason: 'client' })
  })

  it('cannot be verified once they are closed', async () => {
    const tokens = tokensOf()
    tokens.close()
    await expect(read(tokens, bearer('alice'))).rejects.toMatchObject({ status: 503 })
  })

  it('are asked for with the scopes of the options and the place of the metadata', () => {
    const { challenges, metadata } = tokensOf(oauthWith({ scopes: ['files:read'] }))
    expect(metadata.url).toBe(metadataUrl)
    expect(challenges.missing()).toBe(
      `Bearer scope="files:read", resource_metadata="${metadataUrl}"`,
    )
  })
})

describe('tokens that are bound to a key', async () => {
  const key = await createProofKey()
  const known = {
    keyed: { sub: 'alice', cnf: { jkt: await calculateJwkThumbprint(key.jwk) } },
  }
  const prove = (token: string, nonce = '', method = 'POST') => {
    const claims = { ...toClaims({ htu: resource, token, nonce, now: Date.now() }), htm: method }
    return { authorization: `DPoP ${token}`, dpop: signProof(key, claims) }
  }

  it('C17 are refused without the option dpop, however they are sent', async () => {
    const tokens = tokensOf(oauthWith({}, known))
    expect(tokens.proofNonce()).toBeUndefined()
    expect(tokens.challenges.missing()).not.toContain('DPoP')
    await expect(read(tokens, prove('keyed'))).rejects.toMatchObject({
      reason: 'proof',
      message: 'proofs of possession are not enabled',
    })
    await expect(read(tokens, bearer('keyed'))).rejects.toMatchObject({ reason: 'binding' })
  })

  it('are taken with a proof of that key for this request, and no other', async () => {
    const tokens = tokensOf(oauthWith({ dpop: true }, known))
    const nonce = tokens.proofNonce()
    await expect(read(tokens, prove('keyed', nonce))).resolves.toMatchObject({ subject: 'alice' })
    const refused = [
      [prove('keyed', nonce, 'GET'), 'proof'],
      [prove('keyed'), 'proof-nonce'],
      [{ authorization: 'DPoP keyed' }, 'proof'],
      [bearer('keyed'), 'binding'],
    ] as const
    for (const [headers, reason] of refused) {
      await expect(read(tokens, headers)).rejects.toMatchObject({ reason })
    }
  })

  it('share their nonces between replicas of one secret', () => {
    const nonceOf = (letter: string) => {
      const options = { policy, oauth: oauthWith({ dpop: true }), sessionSecret: letter.repeat(32) }
      return createTokens(readOptions(options))?.proofNonce()
    }
    expect(nonceOf('a')).toBe(nonceOf('a'))
    expect(nonceOf('a')).not.toBe(nonceOf('b'))
  })

  it('are offered in challenge and metadata', () => {
    const { challenges, metadata } = tokensOf(oauthWith({ dpop: true }))
    expect(challenges.missing()).toContain(', DPoP algs="')
    expect(JSON.parse(metadata.document)).toHaveProperty('dpop_signing_alg_values_supported')
    expect(tokensOf().metadata.document).not.toContain('dpop')
  })

  it('C17 are alone in having their proofs looked at, so that nobody fills the memory of proofs', async () => {
    const tokens = tokensOf(oauthWith({ dpop: true }))
    const headers = { authorization: 'DPoP alice', dpop: 'no.proof.at-all' }
    await expect(read(tokens, headers)).rejects.toMatchObject({ reason: 'unbound' })
  })
})
