import { afterEach, describe, expect, it, vi } from 'vitest'
import { askVerifier } from '../../src/oauth/ask-verifier.js'
import type { TokenVerifier } from '../../src/oauth/options.js'
import { createClock, resource, seconds, start } from './authorization-server.js'

const one = ['https://as.acme.test']
const two = [...one, 'https://other.acme.test']
const refusal = (reason: string) => expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason })
const away = expect.objectContaining({ code: 'ERR_MTLS_REQUEST', status: 503, rpcCode: -32603 })

afterEach(() => {
  vi.useRealTimers()
})

const info = {
  clientId: 'client-a',
  scopes: ['mcp:read'],
  expiresAt: seconds + 60,
  resource: new URL(resource),
}

function ask(answer: unknown, authorizationServers = one) {
  return askWith({ verifyAccessToken: async () => answer as never }, authorizationServers)
}

function askWith(verifier: TokenVerifier, authorizationServers = one) {
  return askVerifier(
    { token: 'text', hash: 'hash' },
    { verifier, authorizationServers, resource, now: createClock().now },
  )
}

function refuseWith(error: unknown) {
  return askWith({ verifyAccessToken: () => Promise.reject(error) })
}

describe('askVerifier', () => {
  it('makes an access token of what the SDK calls AuthInfo', async () => {
    const thumbprint = Buffer.alloc(32, 1).toString('base64url')
    const extra = { sub: 'user-1', iss: 'https://other.acme.test', cnf: { 'x5t#S256': thumbprint } }
    const token = await ask({ ...info, extra }, two)
    expect(token).toEqual({
      issuer: 'https://other.acme.test',
      kind: 'user',
      subject: 'user-1',
      clientId: 'client-a',
      scopes: ['mcp:read'],
      audience: [resource],
      expiresAt: start + 60_000,
      binding: { certificate: thumbprint },
      claims: extra,
      hash: 'hash',
    })
    expect(Object.isFrozen(token)).toBe(true)
    expect(Object.isFrozen(token.scopes)).toBe(true)
    expect(Object.isFrozen(token.claims)).toBe(true)
  })

  it('takes a token without a subject for the client, of the one authorization server', async () => {
    await expect(ask(info)).resolves.toMatchObject({
      issuer: 'https://as.acme.test',
      kind: 'client',
      subject: 'client-a',
      claims: {},
    })
    await expect(ask({ ...info, extra: { sub: 'client-a' } })).resolves.toHaveProperty(
      'kind',
      'client',
    )
  })

  it('C16 takes an answer that is an error for no answer, and repeats nothing of it', async () => {
    const answer = Object.assign(new Error('no such token: canary-of-an-opaque'), { name: 'Other' })
    await expect(ask(answer)).rejects.toMatchObject({ code: 'ERR_MTLS_TOKEN' })
    await expect(ask(answer)).rejects.not.toThrow('canary')
  })

  it('hands the text of the token to the verifier as a method', async () => {
    const seen: unknown[] = []
    const verifier = {
      name: 'mine',
      async verifyAccessToken(token: string) {
        seen.push(this.name, token)
        return info
      },
    }
    await askWith(verifier)
    expect(seen).toEqual(['mine', 'text'])
  })

  it.each([
    ['the resource is another server', { resource: new URL('https://other.acme.test/mcp') }],
    ['the resource has a slash more', { resource: new URL(`${resource}/`) }],
    ['the resource is a text', { resource }],
    ['the resource is null', { resource: null }],
    ['neither resource nor aud is there', { resource: undefined }],
    ['aud is another server', { resource: undefined, extra: { aud: 'https://other.acme.test' } }],
    ['aud and resource differ', { extra: { aud: 'https://other.acme.test' } }],
    ['aud is an empty list', { extra: { aud: [] } }],
  ])('C01 refuses a token where %s', async (_, changes) => {
    await expect(ask({ ...info, ...changes })).rejects.toEqual(refusal('audience'))
  })

  it('C01 takes aud where there is no resource', async () => {
    const aud = ['https://other.acme.test', resource]
    await expect(ask({ ...info, resource: undefined, extra: { aud } })).resolves.toHaveProperty(
      'audience',
      aud,
    )
  })

  it('C02 takes no token without an issuer where there are several authorization servers', async () => {
    await expect(ask(info, two)).rejects.toEqual(refusal('unknown-issuer'))
  })

  it('C02 refuses an issuer that is none of the authorization servers', async () => {
    for (const iss of [
      'https://evil.test',
      'https://as.acme.test/',
      '',
      null,
      ['https://as.acme.test'],
    ])
      await expect(ask({ ...info, extra: { iss } })).rejects.toEqual(refusal('unknown-issuer'))
  })

  it('C05 refuses a token without expiry, or an expired one', async () => {
    for (const expiresAt of [undefined, null, '9999999999', Number.NaN, Number.POSITIVE_INFINITY])
      await expect(ask({ ...info, expiresAt })).rejects.toEqual(refusal('claims'))
    await expect(ask({ ...info, expiresAt: seconds })).rejects.toEqual(refusal('expired'))
  })

  it.each([
    ['no client', { clientId: undefined }],
    ['an empty client', { clientId: '' }],
    ['a subject that is no name', { extra: { sub: 7 } }],
    ['no scopes', { scopes: undefined }],
    ['scopes in one text', { scopes: 'a b' }],
    ['a scope with a space', { scopes: ['a b'] }],
    ['extra that has no end', { extra: endless() }],
  ])('C05 refuses %s', async (_, changes) => {
    await expect(ask({ ...info, ...changes })).rejects.toEqual(refusal('claims'))
  })

  it('C10 refuses a confirmation it does not know', async () => {
    await expect(ask({ ...info, extra: { cnf: { kid: 'a' } } })).rejects.toEqual(refusal('binding'))
  })

  it.each([undefined, null, false, 'yes', []])('refuses the answer %j', async (answer) => {
    await expect(ask(answer)).rejects.toEqual(refusal('inactive'))
  })

  it('refuses where the verifier throws, at once or later, and repeats nothing of it', async () => {
    const canary = 'canary-91c2'
    class InvalidTokenError extends Error {}
    const thrown = [
      new Error(canary),
      new InvalidTokenError(canary),
      canary,
      undefined,
      { message: canary },
    ]
    for (const error of thrown) {
      const refused: unknown = await refuseWith(error).catch((reason: unknown) => reason)
      expect(refused).toEqual(refusal('inactive'))
      expect(String(refused)).not.toContain(canary)
      expect(refused).not.toHaveProperty('cause')
    }
    const verifier = {
      verifyAccessToken: () => {
        throw new Error(canary)
      },
    }
    await expect(askWith(verifier)).rejects.toEqual(refusal('inactive'))
  })

  it('answers 503 where the verifier says that it is the server that failed', async () => {
    class ServerError extends Error {}
    class TemporarilyUnavailableError extends Error {}
    for (const error of [
      new ServerError('x'),
      new TemporarilyUnavailableError('x'),
      Object.assign(new Error('x'), { errorCode: 'server_error' }),
      Object.assign(new Error('x'), { code: 'temporarily_unavailable' }),
      Object.assign(new Error('x'), { name: 'ServerError' }),
    ])
      await expect(refuseWith(error)).rejects.toEqual(away)
  })

  it('answers 503 where the verifier takes more than 5 seconds', async () => {
    vi.useFakeTimers()
    const answer = askWith({ verifyAccessToken: () => new Promise(() => undefined) })
    answer.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(5_000)
    await expect(answer).rejects.toEqual(away)
    await expect(answer).rejects.toHaveProperty('message', 'the verifier did not answer in time')
  })
})

function endless(): object {
  const extra: Record<string, unknown> = {}
  extra['self'] = extra
  return extra
}

describe('what is said of an answer that is refused', () => {
  it.each([
    [undefined, 'the verifier does not know the token'],
    [{ ...info, clientId: '' }, 'the claim clientId is missing or is not what it has to be'],
    [{ ...info, extra: { sub: 1 } }, 'the claim sub is missing or is not what it has to be'],
    [{ ...info, scopes: 'a b' }, 'the claim scopes is missing or is not what it has to be'],
    [{ ...info, expiresAt: '1' }, 'the claim exp is missing or is not what it has to be'],
    [{ ...info, resource: 'x' }, 'the token was not issued for this resource'],
    [{ ...info, extra: { iss: 'x' } }, 'the token is of no authorization server of the options'],
    [{ ...info, extra: { cnf: {} } }, 'the confirmation claim holds more than x5t#S256 and jkt'],
  ])('names the rule: %j', async (answer, message) => {
    await expect(ask(answer)).rejects.toHaveProperty('message', message)
  })

  it('names what cannot be copied', async () => {
    const extra: Record<string, unknown> = {}
    extra['self'] = extra
    await expect(ask({ ...info, extra })).rejects.toHaveProperty(
      'message',
      'the claim extra is missing or is not what it has to be',
    )
  })

  it('tells a refusal from an outage', async () => {
    await expect(refuseWith(new Error('no'))).rejects.toHaveProperty(
      'message',
      'the verifier refused the token',
    )
    await expect(refuseWith({ code: 'server_error' })).rejects.toHaveProperty(
      'message',
      'the verifier is not available',
    )
  })
})

describe('an answer that names its resource twice', () => {
  it('C01 is taken where both are this server, and refused where one is not', async () => {
    const token = await ask({ ...info, extra: { aud: [resource, 'api'] } })
    expect(token.audience).toEqual([resource, 'api'])
    await expect(ask({ ...info, extra: { aud: 'api' } })).rejects.toEqual(refusal('audience'))
  })
})
