import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { checkOAuthOptions } from '../../src/oauth/check-options.js'
import { createSigningKey, keySet, resource } from './authorization-server.js'

const issuer = 'https://as.acme.test'
const verifier = { verifyAccessToken: async () => ({ clientId: 'a', scopes: [] }) }
const good = { resource, issuers: [{ issuer }] }
const given = keySet(await createSigningKey())
const privateJwk: JWK = await exportJWK(
  (await generateKeyPair('ES256', { extractable: true })).privateKey,
)

const ofIssuer = (changes: object) => ({ resource, issuers: [{ issuer, ...changes }] })
const severalIssuers = [{ issuer }, { issuer: 'https://other.acme.test' }]
const ofClients = (...clients: unknown[]) => ({ ...good, clients })

describe('checkOAuthOptions', () => {
  it.each([
    ['issuers', good],
    ['a resource without a path', { ...good, resource: 'https://mcp.acme.test' }],
    ['a verifier', { resource, verifier, authorizationServers: [issuer] }],
    [
      'everything',
      {
        resource,
        scopes: ['mcp:read'],
        require: 'both',
        binding: 'required',
        dpop: true,
        clients: [
          { spiffe: ['spiffe://acme.test/a'], client: 'a', tokenIssuer: issuer },
          { dns: 'partner.test', client: 'https://partner.test/client.json' },
        ],
        issuers: [
          {
            issuer,
            jwks: given,
            audience: ['api', resource],
            profile: 'keycloak',
            algorithms: ['ES256', 'Ed25519'],
            introspection: {
              url: `${issuer}/introspect`,
              clientId: 'a',
              clientSecret: 'b',
              cacheSeconds: 0,
            },
            fetch,
          },
          { issuer: `${issuer}/b`, jwks: `${issuer}/keys`, audience: 'api', profile: 'entra' },
        ],
      },
    ],
    ['undefined for absent', { ...good, verifier: undefined, binding: undefined, dpop: undefined }],
    [
      'the longest time an answer is believed',
      ofIssuer({ introspection: { clientId: 'a', cacheSeconds: 300 } }),
    ],
    ['each requirement', { ...good, require: 'either' }],
  ])('takes %s', (_, options) => {
    expect(checkOAuthOptions(options)).toEqual([])
  })

  it.each([
    [undefined, 'oauth must be an object: at least { resource, issuers: [{ issuer }] }'],
    [
      'https://as.acme.test',
      'oauth must be an object: at least { resource, issuers: [{ issuer }] }',
    ],
    [{ issuers: [{ issuer }] }, 'oauth.resource is required'],
    [
      { ...good, ressource: resource },
      'oauth has no option "ressource". Did you mean "resource"? It takes resource, scopes, require, binding, dpop, clients, issuers, verifier, authorizationServers',
    ],
    [{ resource }, 'oauth needs issuers, or a verifier of your own'],
    [
      { ...good, verifier, authorizationServers: [issuer] },
      'oauth takes issuers or a verifier, not both',
    ],
    [{ resource, verifier }, 'oauth.authorizationServers is required beside oauth.verifier'],
    [
      { resource, verifier, authorizationServers: [] },
      'oauth.authorizationServers must be a list of the https',
    ],
    [
      { resource, verifier, authorizationServers: ['http://a.test'] },
      'oauth.authorizationServers must be a list',
    ],
    [
      { ...good, authorizationServers: [issuer] },
      'oauth.authorizationServers goes with oauth.verifier only',
    ],
    [
      { resource, verifier: {}, authorizationServers: [issuer] },
      'oauth.verifier must have the method',
    ],
    [
      { ...good, require: 'any' },
      "oauth.require must be 'both' or 'certificate' or 'token' or 'either'",
    ],
    [{ ...good, binding: true }, "oauth.binding must be 'required'"],
    [
      { ...good, require: 'token', binding: 'required' },
      "oauth.binding goes with require 'both' only",
    ],
    [{ ...good, dpop: false }, 'oauth.dpop must be true, or absent'],
    [{ ...good, scopes: 'a b' }, 'oauth.scopes must be a list of scopes'],
    [{ ...good, scopes: ['a b'] }, 'oauth.scopes must be a list of scopes'],
    [{ ...good, scopes: ['offline_access'] }, 'without offline_access'],
    [{ ...good, scopes: ['mcp:read', 'a b'] }, 'oauth.scopes must be a list of scopes'],
    [{ ...good, resource: 'http://a.test' }, 'oauth.resource must be the https URL of this server'],
    [
      { resource, verifier, authorizationServers: [issuer, 'http://a.test'] },
      'oauth.authorizationServers must be a list',
    ],
    [ofIssuer({ algorithms: ['ES256', 'none'] }), '.algorithms must be a non-empty list out of'],
    [ofIssuer({ audience: ['api', ''] }), '.audience must be a text, or a non-empty list of texts'],
    [ofIssuer({ audience: ['api', 1] }), '.audience must be a text, or a non-empty list of texts'],
    [ofIssuer({ jwks: { keys: [...given.keys, 1] } }), '.jwks must be an https URL, or a key set'],
    [
      ofIssuer({ jwks: { keys: [...given.keys, privateJwk] } }),
      '.jwks must hold public keys only; take the private members out',
    ],
    [{ resource, issuers: [] }, 'oauth.issuers must be a non-empty list such as'],
    [{ resource, issuers: issuer }, 'oauth.issuers must be a non-empty list such as'],
    [{ resource, issuers: [issuer] }, 'oauth.issuers[0] must be an object such as'],
    [{ resource, issuers: [{}] }, 'oauth.issuers[0].issuer is required'],
    [
      { resource, issuers: [{ issuer }, { issuer }] },
      'oauth.issuers[1].issuer is that of another entry',
    ],
    [
      ofIssuer({ jwk: given }),
      'oauth.issuers[0] has no option "jwk". Did you mean "jwks"? It takes issuer, jwks,',
    ],
    [
      ofIssuer({ issuer: 'http://as.acme.test' }),
      'oauth.issuers[0].issuer must be the https issuer identifier',
    ],
    [
      ofIssuer({ issuer: `${issuer}?a=b` }),
      'oauth.issuers[0].issuer must be the https issuer identifier',
    ],
    [
      ofIssuer({ issuer: `${issuer}#a` }),
      'oauth.issuers[0].issuer must be the https issuer identifier',
    ],
    [ofIssuer({ audience: [] }), 'oauth.issuers[0].audience must be a text'],
    [ofIssuer({ audience: [''] }), 'oauth.issuers[0].audience must be a text'],
    [
      ofIssuer({ profile: 'okta' }),
      "oauth.issuers[0].profile must be 'rfc9068' or 'keycloak' or 'entra'",
    ],
    [
      ofIssuer({ algorithms: ['HS256'] }),
      'oauth.issuers[0].algorithms must be a non-empty list out of ES256,',
    ],
    [ofIssuer({ algorithms: ['none'] }), 'oauth.issuers[0].algorithms must be'],
    [ofIssuer({ algorithms: [] }), 'oauth.issuers[0].algorithms must be'],
    [ofIssuer({ algorithms: 'ES256' }), 'oauth.issuers[0].algorithms must be'],
    [ofIssuer({ fetch: 'fetch' }), 'oauth.issuers[0].fetch must be a function'],
    [ofIssuer({ introspection: true }), 'oauth.issuers[0].introspection must be an object'],
    [ofIssuer({ introspection: {} }), 'oauth.issuers[0].introspection.clientId is required'],
    [
      ofIssuer({ introspection: { clientId: '' } }),
      'oauth.issuers[0].introspection.clientId must be a non-empty text',
    ],
    [
      ofIssuer({ introspection: { clientId: 'a', clientSecret: '' } }),
      'introspection.clientSecret must be a non-empty text',
    ],
    [
      ofIssuer({ introspection: { clientId: 'a', url: 'http://a.test' } }),
      'introspection.url must be an https URL',
    ],
    [
      ofIssuer({ introspection: { clientId: 'a', cache: 1 } }),
      'oauth.issuers[0].introspection has no option "cache".',
    ],
    [
      ofIssuer({ introspection: { clientId: 'a' }, profile: 'entra' }),
      'introspection does not go with the profile entra',
    ],
    [ofIssuer({ jwks: 'keys.json' }), 'oauth.issuers[0].jwks must be an https URL, or a key set'],
    [ofIssuer({ jwks: { keys: [] } }), 'oauth.issuers[0].jwks must be an https URL, or a key set'],
    [
      ofIssuer({ jwks: { keys: [{}] } }),
      'oauth.issuers[0].jwks must be an https URL, or a key set',
    ],
    [ofIssuer({ jwks: [] }), 'oauth.issuers[0].jwks must be an https URL, or a key set'],
    [
      ofIssuer({ jwks: { keys: [privateJwk] } }),
      'oauth.issuers[0].jwks must hold public keys only',
    ],
    [
      ofIssuer({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }),
      'oauth.issuers[0].jwks must hold public keys only',
    ],
    [{ ...good, clients: {} }, 'oauth.clients must be a list such as'],
    [ofClients('a'), 'oauth.clients[0] must be an object'],
    [ofClients({ spiffe: 'spiffe://a/b' }), 'oauth.clients[0].client is required'],
    [
      ofClients({ client: 'a' }),
      'oauth.clients[0] must name certificates by at least one of authority,',
    ],
    [ofClients({ client: [], dns: 'a' }), 'oauth.clients[0].client must be a text'],
    [ofClients({ client: 'a', dns: [] }), 'oauth.clients[0].dns must be a text'],
    [ofClients({ client: 'a', dns: 'b', ou: 'c' }), 'oauth.clients[0] has no option "ou".'],
    [
      ofClients({ client: 'a', dns: 'b', tokenIssuer: 'https://other.acme.test' }),
      'oauth.clients[0].tokenIssuer must be one of "https://as.acme.test"',
    ],
    [
      { ...ofClients({ client: ['https://a.test/c', 'a'], dns: 'b' }), issuers: severalIssuers },
      'oauth.clients[0].tokenIssuer is required, since another issuer may call another client so',
    ],
    [
      {
        resource,
        verifier,
        authorizationServers: [issuer, 'https://other.acme.test'],
        clients: [{ client: 'a', dns: 'b' }],
      },
      'oauth.clients[0].tokenIssuer is required',
    ],
  ])('refuses %j', (options, advice) => {
    const problems = checkOAuthOptions(options)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(advice)
  })

  it.each([
    'http://mcp.acme.test/mcp',
    'https://mcp.acme.test/mcp#a',
    'https://MCP.acme.test/mcp',
    'https://mcp.acme.test:443/mcp',
    'https://mcp.acme.test/a/../mcp',
    'https://user@mcp.acme.test/mcp',
    'mcp.acme.test',
    new URL(resource),
    undefined,
  ])('C01 refuses the resource %s', (value) => {
    expect(checkOAuthOptions({ ...good, resource: value })).toHaveLength(1)
  })

  it.each([-1, 301, 1.5, '30', Number.NaN, null])('C15 refuses cacheSeconds %s', (cacheSeconds) => {
    expect(checkOAuthOptions(ofIssuer({ introspection: { clientId: 'a', cacheSeconds } }))).toEqual(
      [
        'oauth.issuers[0].introspection.cacheSeconds must be a whole number of seconds from 0 to 300',
      ],
    )
  })

  it('says everything that is wrong at once', () => {
    const problems = checkOAuthOptions({
      issuers: [{ issuer: 1, introspection: { secret: 'x' } }],
      require: 'x',
      constructor: 1,
    })
    expect(problems).toHaveLength(6)
  })

  it('names no secret', () => {
    const problems = checkOAuthOptions(
      ofIssuer({
        introspection: { clientId: ['canary'], clientSecret: ['canary'] },
        jwks: { keys: [{ kty: 'oct', k: 'canary' }] },
      }),
    )
    expect(problems).toHaveLength(3)
    expect(problems.join()).not.toContain('canary')
  })
})

describe('issuers without a name', () => {
  it('are not taken for one another', () => {
    const advice = checkOAuthOptions({ resource, issuers: [{}, {}] })
    expect(advice).toEqual([
      'oauth.issuers[0].issuer is required',
      'oauth.issuers[1].issuer is required',
    ])
  })
})

describe('a key set of the options', () => {
  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'holds no key with the private member %s',
    (member) => {
      const jwks = { keys: [...given.keys, { kty: 'RSA', [member]: 'AA' }] }
      expect(checkOAuthOptions(ofIssuer({ jwks }))).toEqual([
        expect.stringContaining('must hold public keys only'),
      ])
    },
  )
})
