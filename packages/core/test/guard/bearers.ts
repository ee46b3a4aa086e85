import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { readOptions } from '../../src/guard/read-options.js'
import { createTokens, type Tokens } from '../../src/guard/tokens.js'
import type { OAuthOptions, TokenVerifier } from '../../src/oauth/options.js'
import { policy } from './stage.js'

export const resource = 'https://mcp.acme.test/mcp'
export const issuer = 'https://as.acme.test'
export const metadataUrl = 'https://mcp.acme.test/.well-known/oauth-protected-resource/mcp'

/** Knows tokens by their text; what each says beside its client, scopes, resource and expiry. */
function verifierOf(
  known: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): TokenVerifier {
  return {
    async verifyAccessToken(text) {
      const extra = known[text]
      if (extra === undefined) throw new Error('nobody knows it')
      const answer = { clientId: 'web', scopes: ['files:read'], expiresAt: 4_000_000_000 }
      return { ...answer, resource: new URL(resource), extra }
    },
  }
}

/** The option `oauth` with tokens of Alice's, and those given. */
export function oauthWith(
  more: Readonly<Record<string, unknown>> = {},
  known: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): OAuthOptions {
  return {
    resource,
    authorizationServers: [issuer],
    verifier: verifierOf({ alice: { sub: 'alice' }, ...known }),
    ...more,
  } as OAuthOptions
}

/** The OAuth half of a guard with these options. */
export function tokensOf(oauth: OAuthOptions = oauthWith()): Tokens {
  const tokens = createTokens(readOptions({ policy, oauth }))
  if (tokens === undefined) throw new Error('no tokens')
  return tokens
}

/** A request with these headers, that came over no network. */
export function requestWith(headers: Readonly<Record<string, string>>, method = 'POST') {
  const req = Object.assign(new IncomingMessage(new Socket()), { method, url: '/mcp' })
  Object.defineProperty(req, 'rawHeaders', { value: Object.entries(headers).flat() })
  Object.assign(req.headers, headers)
  return req
}
