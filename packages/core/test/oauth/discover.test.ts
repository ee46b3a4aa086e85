import { describe, expect, it } from 'vitest'
import { createBoundedFetch } from '../../src/oauth/bounded-fetch.js'
import { createDiscovery, metadataUrls } from '../../src/oauth/discover.js'
import { createClock, startServer } from './authorization-server.js'

const away = expect.objectContaining({ code: 'ERR_MTLS_REQUEST', status: 503 })

async function start(path = '') {
  const server = await startServer()
  const clock = createClock()
  const issuer = `${server.origin}${path}`
  const { ask } = createBoundedFetch(server.fetch)
  return { ...server, clock, issuer, discover: createDiscovery({ issuer, ask }, clock.now) }
}

describe('metadataUrls', () => {
  it.each([
    [
      'https://as.acme.test',
      [
        'https://as.acme.test/.well-known/oauth-authorization-server',
        'https://as.acme.test/.well-known/openid-configuration',
      ],
    ],
    [
      'https://as.acme.test/',
      [
        'https://as.acme.test/.well-known/oauth-authorization-server',
        'https://as.acme.test/.well-known/openid-configuration',
      ],
    ],
    [
      'https://as.acme.test:8443/realms/main',
      [
        'https://as.acme.test:8443/.well-known/oauth-authorization-server/realms/main',
        'https://as.acme.test:8443/.well-known/openid-configuration/realms/main',
        'https://as.acme.test:8443/realms/main/.well-known/openid-configuration',
      ],
    ],
    [
      'https://as.acme.test/tenant/',
      [
        'https://as.acme.test/.well-known/oauth-authorization-server/tenant',
        'https://as.acme.test/.well-known/openid-configuration/tenant',
        'https://as.acme.test/tenant/.well-known/openid-configuration',
      ],
    ],
    [
      'https://as.acme.test//',
      [
        'https://as.acme.test/.well-known/oauth-authorization-server',
        'https://as.acme.test/.well-known/openid-configuration',
      ],
    ],
  ])('of %s are those of RFC 8414 and OpenID Connect, in this order', (issuer, urls) => {
    expect(metadataUrls(issuer)).toEqual(urls)
  })
})

describe('createDiscovery', () => {
  it.each([
    '/.well-known/oauth-authorization-server/tenant',
    '/.well-known/openid-configuration/tenant',
    '/tenant/.well-known/openid-configuration',
  ])('finds the metadata at %s', async (path) => {
    const { discover, routes, issuer } = await start('/tenant')
    routes.set(path, {
      issuer,
      jwks_uri: 'https://as.acme.test/keys',
      introspection_endpoint: 'https://as.acme.test/introspect',
      mtls_endpoint_aliases: { introspection_endpoint: 'https://mtls.acme.test/introspect' },
    })
    await expect(discover()).resolves.toEqual({
      jwksUri: 'https://as.acme.test/keys',
      introspectionEndpoint: 'https://as.acme.test/introspect',
      mtlsIntrospectionEndpoint: 'https://mtls.acme.test/introspect',
    })
  })

  it('C02 takes no metadata that names another issuer, not even with a slash more', async () => {
    const { discover, routes, issuer, clock } = await start()
    for (const other of [`${issuer}/`, 'https://evil.test', undefined, [issuer]]) {
      routes.set('/.well-known/oauth-authorization-server', {
        issuer: other,
        jwks_uri: 'https://a.test/',
      })
      await expect(discover()).rejects.toEqual(away)
      clock.move(5_000)
    }
  })

  it('C08 takes no URL that is not https', async () => {
    const { discover, routes, issuer } = await start()
    routes.set('/.well-known/oauth-authorization-server', {
      issuer,
      jwks_uri: 'http://169.254.169.254/latest',
      introspection_endpoint: ['https://as.acme.test'],
      mtls_endpoint_aliases: 'https://as.acme.test',
    })
    await expect(discover()).resolves.toEqual({})
  })

  it('asks once for all that come at a time, and not again for an hour', async () => {
    const { discover, routes, issuer, asked, clock } = await start()
    routes.set('/.well-known/oauth-authorization-server', { issuer })
    expect(asked).toHaveLength(0)
    await Promise.all([discover(), discover(), discover()])
    clock.move(59 * 60_000)
    await discover()
    expect(asked).toHaveLength(1)
    clock.move(60_000)
    await discover()
    expect(asked).toHaveLength(2)
  })

  it('does not ask again for 5 seconds where there was no answer', async () => {
    const { discover, routes, issuer, asked, clock } = await start()
    await expect(discover()).rejects.toEqual(away)
    await expect(discover()).rejects.toEqual(away)
    expect(asked).toHaveLength(2)
    routes.set('/.well-known/openid-configuration', { issuer })
    clock.move(4_999)
    await expect(discover()).rejects.toEqual(away)
    clock.move(1)
    await expect(discover()).resolves.toBeDefined()
  })

  it('stops at a server that is not there', async () => {
    let asked = 0
    const { ask } = createBoundedFetch(() => {
      asked += 1
      return Promise.reject(new Error('refused'))
    })
    const discover = createDiscovery({ issuer: 'https://as.acme.test/a', ask }, createClock().now)
    await expect(discover()).rejects.toEqual(away)
    expect(asked).toBe(1)
  })
})
