import { describe, expect, it } from 'vitest'
import { CertificateError, RequestError, TokenError, type TokenRefusal } from '../../src/errors.js'
import {
  challenged,
  challengedInResult,
  challengeFor,
  challengeInResult,
  challengeOf,
  credentialRefused,
} from '../../src/guard/challenge-answers.js'
import { token } from '../policy/peer.js'
import { metadataUrl, oauthWith, requestWith, tokensOf } from './bearers.js'

const tokens = tokensOf(oauthWith({ scopes: ['basic'] }))
const keyed = tokensOf(oauthWith({ dpop: true }))
const metadata = `resource_metadata="${metadataUrl}"`
const wantsToken = { effect: 'challenge', wants: 'token', rule: 'roles.a' } as const
const wantsScopes = (...scopes: readonly string[]) =>
  ({ effect: 'challenge', wants: 'scopes', scopes, rule: 'roles.a' }) as const

function refusedBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}

describe('the answer to a credential that is refused', () => {
  it('is none without OAuth, and none to other errors', () => {
    expect(credentialRefused(new TokenError('missing', 'why'), undefined)).toBeUndefined()
    expect(credentialRefused(new CertificateError('expired', 'why'), tokens)).toBeUndefined()
    expect(credentialRefused(new RequestError(400, -32600, 'why'), tokens)).toBeUndefined()
    expect(credentialRefused('why', tokens)).toBeUndefined()
  })

  it.each([
    ['missing', `Bearer scope="basic", ${metadata}`],
    ['expired', `Bearer error="invalid_token", error_description=`],
    ['proof', `Bearer error="invalid_token", error_description=`],
  ] as const)('that is %s is 401 with a challenge', (reason, challenge) => {
    const answer = credentialRefused(new TokenError(reason, 'canary'), tokens)
    expect(answer).toMatchObject({
      status: 401,
      body: '{"jsonrpc":"2.0","id":null,"error":{"code":-31401,"message":"Authentication required"}}',
    })
    expect(answer?.headers['www-authenticate']).toContain(challenge)
    expect(answer?.headers).not.toHaveProperty('dpop-nonce')
    expect(JSON.stringify(answer)).not.toContain('canary')
  })

  it('sent in a wrong way is 400 with the challenge invalid_request', () => {
    const twice = { authorization: 'Bearer a', Authorization: 'Bearer b' }
    const error = refusedBy(() => tokens.read(requestWith(twice), { certificate: undefined }))
    const answer = credentialRefused(error, tokens)
    expect(answer?.status).toBe(400)
    expect(answer?.headers['www-authenticate']).toMatch(/^Bearer error="invalid_request"/)
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ id: null, error: { code: -32600 } })
  })

  it('for a proof without the nonce is told which to use, and for no other reason', () => {
    const answerTo = (reason: TokenRefusal) =>
      credentialRefused(new TokenError(reason, 'why'), keyed)
    const answer = answerTo('proof-nonce')
    expect(answer?.headers['www-authenticate']).toMatch(/^DPoP error="use_dpop_nonce"/)
    expect(answer?.headers['dpop-nonce']).toBe(keyed.proofNonce())
    expect(answerTo('proof')?.headers).not.toHaveProperty('dpop-nonce')
  })
})

describe('the challenge', () => {
  it.each([
    ['missing', keyed.challenges.missing()],
    ['proof', keyed.challenges.invalidProof()],
    ['proof-nonce', keyed.challenges.useNonce()],
    ['expired', keyed.challenges.invalidToken()],
    ['binding', keyed.challenges.invalidToken()],
    ['inactive', keyed.challenges.invalidToken()],
  ] as const)('to a token that is %s', (reason, expected) => {
    expect(challengeOf(new TokenError(reason, 'why'), keyed)).toBe(expected)
  })

  it('of an operation that needs a token is that for a missing one', () => {
    expect(challengeFor(wantsToken, undefined, tokens)).toBe(tokens.challenges.missing())
  })

  it('C20 of an operation that needs scopes names them with those granted, each once', () => {
    const granted = token({ scopes: ['files:read', 'profile'] })
    const challenge = challengeFor(wantsScopes('files:write', 'files:read'), granted, tokens)
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="files:read files:write profile"')
    expect(challengeFor(wantsScopes('one'), undefined, tokens)).toBe(
      tokens.challenges.insufficientScope(['one']),
    )
  })

  it('in the result of a tool has an error and a description, also where a token is missing', () => {
    const results = [wantsToken, wantsScopes('one')].map((wanted) =>
      challengeInResult(wanted, undefined, tokens),
    )
    const [missing, insufficient] = results
    expect(missing).toEqual(tokens.challenges.toolResult(tokens.challenges.signIn()))
    expect(insufficient).toEqual(
      tokens.challenges.toolResult(challengeFor(wantsScopes('one'), undefined, tokens)),
    )
    for (const result of results) {
      expect(result).toMatchObject({ isError: true })
      expect(JSON.stringify(result)).toContain('error_description')
    }
  })
})

describe('the answer to an operation that needs more', () => {
  it('is 401 where that is a token, 403 where it is scopes, and names the request', () => {
    const headers = { 'www-authenticate': 'Bearer x="y"' }
    const unauthenticated = challenged(7, wantsToken, 'Bearer x="y"')
    const denied = challenged('a', wantsScopes('one'), 'Bearer x="y"')
    expect(unauthenticated).toMatchObject({ status: 401, headers })
    expect(denied).toMatchObject({ status: 403, headers })
    expect(JSON.parse(unauthenticated.body ?? '')).toMatchObject({ id: 7, error: { code: -31401 } })
    expect(JSON.parse(denied.body ?? '')).toMatchObject({ id: 'a', error: { code: -31403 } })
    expect(JSON.parse(challenged(null, wantsToken, '').body ?? '')).toMatchObject({ id: null })
  })

  it('inside the result of a tool is a JSON-RPC result with 200', () => {
    expect(challengedInResult('a', { isError: true })).toEqual({
      status: 200,
      headers: {},
      body: '{"jsonrpc":"2.0","id":"a","result":{"isError":true}}',
    })
  })
})
