import type { OAuthOptions } from '../../src/oauth/options.js'
import { definePolicy } from '../../src/policy/define.js'
import type { Policy } from '../../src/policy/policy.js'
import { spiffeId } from './stage.js'

const resource = 'https://mcp.acme.test/mcp'
/** A verifier that knows one token, good for a while from now. */
export function goodFor(milliseconds: number): OAuthOptions {
  const until = (Date.now() + milliseconds) / 1000
  return {
    resource,
    authorizationServers: ['https://as.acme.test'],
    verifier: {
      verifyAccessToken: async () => ({
        clientId: 'app',
        scopes: [],
        expiresAt: until,
        resource: new URL(resource),
        extra: { sub: 'alice' },
      }),
    },
  }
}

/** The reader's role for its certificate with any token. */
export const withToken: Policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'] } },
  assignments: [{ spiffe: spiffeId, token: 'any', roles: ['reader'] }],
})
