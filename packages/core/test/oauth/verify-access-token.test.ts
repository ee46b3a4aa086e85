import { describe, expect, it, vi } from 'vitest'
import type { Fetch, IssuerOptions, OAuthOptions } from '../../src/oauth/options.js'
import { createTokenVerification } from '../../src/oauth/verify-access-token.js'
import { claimsOf, createClock, resource, seconds } from './authorization-server.js'
import { createVerification, one, refusal } from './verification-stage.js'

describe('createTokenVerification with a verifier of the application', () => {
  const info = {
    clientId: 'client-a',
    scopes: [],
    expiresAt: seconds + 60,
    resource: new URL(resource),
  }
  const settings = (verifier: OAuthOptions['verifier'] & object): OAuthOptions => ({
    resource,
    verifier,
    authorizationServers: ['https://as.acme.test'],
  })

  it('asks it for every request, and once at a time', async () => {
    const verifyAccessToken = vi.fn(async () => info)
    const { verify } = createTokenVerification(settings({ verifyAccessToken }), createClock().now)
    await Promise.all([verify('token', 'one'), verify('token', 'two')])
    expect(verifyAccessToken).toHaveBeenCalledTimes(1)
    await verify('token', 'one')
    expect(verifyAccessToken).toHaveBeenCalledTimes(2)
  })

  it('remembers no refusal either', async () => {
    const verifyAccessToken = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValue(info)
    const { verify } = createTokenVerification(settings({ verifyAccessToken }), createClock().now)
    await expect(verify('token', 'one')).rejects.toEqual(refusal('inactive'))
    await expect(verify('token', 'one')).resolves.toHaveProperty('clientId', 'client-a')
  })
})

describe('what is said of a token that is refused, or cannot be verified', () => {
  const issuer = 'https://as.acme.test'
  const introspection = { clientId: 'rs', clientSecret: 's' }
  const metadata = '/.well-known/oauth-authorization-server'

  /** The message where the authorization server answers by path; 404 elsewhere. */
  async function said(
    token: string,
    options: Partial<IssuerOptions>,
    answers: Readonly<Record<string, object>> = {},
  ): Promise<unknown> {
    const fetch: Fetch = async (url) => {
      const answer = answers[new URL(url).pathname]
      return answer ? new Response(JSON.stringify(answer)) : new Response('', { status: 404 })
    }
    const { verify } = createVerification({ issuer, fetch, ...options } as IssuerOptions)
    return verify(token).catch(({ message }: Error) => message)
  }

  it('names the rule of a JWT', async () => {
    const token = await one.sign(claimsOf(issuer))
    const foreign = await one.sign(claimsOf('https://other.acme.test'))
    expect(await said(token, {})).toBe(`the issuer ${issuer} has no metadata that names it`)
    expect(await said(token, {}, { [metadata]: { issuer } })).toBe(
      'the metadata of the issuer names no keys',
    )
    expect(await said(foreign, {})).toBe('no issuer of the token is configured')
    expect(await said('x'.repeat(16_385), {})).toBe('the token is too long')
    expect(await said('a b', {})).toBe('the token has characters a token cannot have')
  })

  it('names the rule of introspection', async () => {
    const url = `${issuer}/ask`
    const asked = { introspection: { ...introspection, url } }
    const answer = { active: true, aud: resource, token_type: 'x' }
    expect(await said('opaque', asked)).toBe(
      'the introspection endpoint gave no answer, but status 404',
    )
    expect(await said('opaque', asked, { '/ask': answer })).toBe(
      'the token type is not that of an access token',
    )
    expect(await said('opaque', asked, { '/ask': { active: false } })).toBe(
      'the token is not active',
    )
    expect(await said('opaque', { introspection }, { [metadata]: { issuer } })).toBe(
      'the metadata of the issuer names no introspection',
    )
  })

  it('says the same of a token that was not active a moment ago, and where all is closed', async () => {
    const fetch: Fetch = async () => new Response('{"active":false}')
    const asked = { introspection: { ...introspection, url: `${issuer}/ask` } }
    const { verification, verify } = createVerification({ issuer, fetch, ...asked })
    const message = () => verify('opaque').catch(({ message: text }: Error) => text)
    expect([await message(), await message()]).toEqual(Array(2).fill('the token is not active'))
    verification.close()
    expect(await message()).toBe('token verification was closed')
  })
})
