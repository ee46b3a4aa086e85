import { createServer } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { createChallenges } from '../../src/oauth/challenge.js'
import type { OAuthOptions } from '../../src/oauth/options.js'
import { createResourceMetadata, parseResource } from '../../src/oauth/resource-metadata.js'
import { sendRaw } from '../http/serve.js'

const root = '/.well-known/oauth-protected-resource'
const issuer = 'https://as.acme.test'
const options: OAuthOptions = { resource: 'https://mcp.acme.test/mcp', issuers: [{ issuer }] }
const facts = { bound: false, dpop: false }

function documentOf(changed: object = {}, known = facts): Record<string, unknown> {
  return JSON.parse(createResourceMetadata({ ...options, ...changed }, known).document)
}

describe('createResourceMetadata', () => {
  it('C18 names the resource exactly, its authorization server and the header method', () => {
    expect(documentOf()).toEqual({
      resource: 'https://mcp.acme.test/mcp',
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
    })
  })

  it('C18 names every authorization server once, also those beside a verifier', () => {
    const issuers = [{ issuer }, { issuer: 'https://b.test/realm/' }, { issuer }]
    expect(documentOf({ issuers })['authorization_servers']).toEqual([
      issuer,
      'https://b.test/realm/',
    ])
    const verifier = { verifyAccessToken: () => Promise.reject(new Error('not asked')) }
    const withVerifier: OAuthOptions = {
      resource: options.resource,
      verifier,
      authorizationServers: [issuer],
    }
    const { document } = createResourceMetadata(withVerifier, facts)
    expect(JSON.parse(document).authorization_servers).toEqual([issuer])
  })

  it.each([
    ['none', { issuers: [] }],
    ['http', { issuers: [{ issuer: 'http://as.acme.test' }] }],
    ['a query', { issuers: [{ issuer: 'https://as.acme.test?a' }] }],
    ['a fragment', { issuers: [{ issuer }, { issuer: 'https://as.acme.test#a' }] }],
    ['no URL', { issuers: [{ issuer: 'as.acme.test' }] }],
  ])('C18 does not start with an authorization server that is %s', (_, changed) => {
    expect(() => documentOf(changed)).toThrow(ConfigurationError)
  })

  it('C18 says what is enforced, and nothing else', () => {
    expect(documentOf({}, { bound: true, dpop: false })).toMatchObject({
      tls_client_certificate_bound_access_tokens: true,
    })
    expect(
      documentOf({}, { bound: false, dpop: true })['dpop_signing_alg_values_supported'],
    ).toContain('ES256')
    const all = documentOf({}, { bound: true, dpop: true })
    expect(all).not.toHaveProperty('dpop_bound_access_tokens_required')
    expect(documentOf({}, { bound: false, dpop: true })).not.toHaveProperty(
      'tls_client_certificate_bound_access_tokens',
    )
    expect(documentOf({}, { bound: true, dpop: false })).not.toHaveProperty(
      'dpop_signing_alg_values_supported',
    )
  })

  it('C18 names the configured scopes, leaves an empty list out and refuses offline_access', () => {
    expect(documentOf({ scopes: ['b', 'a'] })['scopes_supported']).toEqual(['b', 'a'])
    expect(documentOf({ scopes: [] })).not.toHaveProperty('scopes_supported')
    expect(() => documentOf({ scopes: ['offline_access'] })).toThrow(ConfigurationError)
    expect(() => documentOf({ scopes: ['a b'] })).toThrow(ConfigurationError)
  })

  it.each([
    ['https://mcp.acme.test/mcp', [`${root}/mcp`, root], `https://mcp.acme.test${root}/mcp`],
    [
      'https://mcp.acme.test:8443/a/b',
      [`${root}/a/b`, root],
      `https://mcp.acme.test:8443${root}/a/b`,
    ],
    ['https://mcp.acme.test', [root], `https://mcp.acme.test${root}`],
    ['https://mcp.acme.test/', [root], `https://mcp.acme.test${root}`],
    [
      'https://mcp.acme.test/mcp/',
      [`${root}/mcp/`, `${root}/mcp`, root],
      `https://mcp.acme.test${root}/mcp/`,
    ],
  ])('C18 has its places for %s', (resource, paths, url) => {
    const metadata = createResourceMetadata({ ...options, resource }, facts)
    expect(metadata.paths).toEqual(paths)
    expect(metadata.url).toBe(url)
    expect(JSON.parse(metadata.document).resource).toBe(resource)
  })

  it('C18 cannot be changed once made', () => {
    const metadata = createResourceMetadata(options, facts)
    expect(Object.isFrozen(metadata) && Object.isFrozen(metadata.paths)).toBe(true)
  })

  it('C14 C18 is the same whatever Host and forwarding headers a request has', async () => {
    const { document, url } = createResourceMetadata(options, facts)
    const challenges = createChallenges({ resourceMetadataUrl: url, dpop: false })
    const server = createServer((_, res) => {
      res.writeHead(401, { 'www-authenticate': challenges.missing() }).end(document)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const ask = async (...lines: readonly string[]) => {
      const answer = await sendRaw(
        port,
        ['GET / HTTP/1.1', 'Connection: close', ...lines, '', ''].join('\r\n'),
      )
      return answer.replace(/^Date: .*$/m, '')
    }
    const expected = await ask('Host: mcp.acme.test')
    expect(expected).toContain(`resource_metadata="https://mcp.acme.test${root}/mcp"`)
    expect(await ask('Host: evil"', 'X-Forwarded-Host: evil.test')).toBe(expected)
    expect(await ask('Host: evil.test', 'Forwarded: host=evil.test;proto=http')).toBe(expected)
    server.close()
  })
})

describe('parseResource', () => {
  it.each([
    'https://mcp.acme.test',
    'https://mcp.acme.test/',
    'https://mcp.acme.test/mcp',
    'https://mcp.acme.test:8443/mcp/',
    'https://127.0.0.1:8443/mcp',
    'https://[::1]/mcp',
    'https://xn--bcher-kva.test/mcp',
    'https://mcp.acme.test/m%C3%A9',
  ])('C18 takes %s', (text) => {
    expect(parseResource(text).protocol).toBe('https:')
  })

  it.each([
    ['http', 'http://mcp.acme.test/mcp'],
    ['no scheme', 'mcp.acme.test/mcp'],
    ['another scheme', 'wss://mcp.acme.test/mcp'],
    ['nothing', ''],
    ['a fragment', 'https://mcp.acme.test/mcp#a'],
    ['an empty fragment', 'https://mcp.acme.test/mcp#'],
    ['a query', 'https://mcp.acme.test/mcp?a=b'],
    ['an empty query', 'https://mcp.acme.test/mcp?'],
    ['a user', 'https://a@mcp.acme.test/mcp'],
    ['a password', 'https://a:b@mcp.acme.test/mcp'],
    ['a password without a user', 'https://:b@mcp.acme.test/mcp'],
    ['an empty user', 'https://@mcp.acme.test/mcp'],
    ['capitals in the host', 'https://MCP.acme.test/mcp'],
    ['capitals in the scheme', 'HTTPS://mcp.acme.test/mcp'],
    ['the default port', 'https://mcp.acme.test:443/mcp'],
    ['dot segments', 'https://mcp.acme.test/a/../mcp'],
    ['a backslash', 'https://mcp.acme.test\\mcp'],
    ['white space', ' https://mcp.acme.test/mcp'],
    ['a line feed', 'https://mcp.acme.test/mcp\n'],
    ['a quote', 'https://mcp.acme.test/"mcp'],
    ['a quote in the host', 'https://mcp.acme.test"/mcp'],
    ['what a URI does not have', 'https://mcp.acme.test/m|cp'],
    ['a letter beyond ASCII', 'https://mcp.acme.test/m\u00e9'],
    ['one slash', 'https:/mcp.acme.test/mcp'],
    ['more than 2048 characters', `https://mcp.acme.test/${'a'.repeat(2048)}`],
  ])('C18 refuses %s', (_, text) => {
    expect(() => parseResource(text)).toThrow(ConfigurationError)
  })

  it('C18 says what to write', () => {
    expect(() => parseResource('https://MCP.acme.test')).toThrow('https://mcp.acme.test/')
    expect(() => parseResource('http://a.test')).toThrow(/https URL/)
    expect(() => parseResource('https://a.test/mcp?x')).toThrow(
      /leave out user, query and fragment/,
    )
  })

  it('C14 lets nothing into a header but printable ASCII without quotes', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), fc.string(), (url, tail) => {
        const text = `${url.replace(/^http:/, 'https:')}${tail}`
        try {
          expect(parseResource(text).href).toMatch(/^[!#-[\]-~]+$/)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
        }
      }),
    )
  })
})
