import { expect, onTestFinished } from 'vitest'
import type { IssuerOptions } from '../../src/oauth/options.js'
import { createTokenVerification } from '../../src/oauth/verify-access-token.js'
import {
  createClock,
  createSigningKey,
  keySet,
  type LoopbackServer,
  resource,
  type SigningKey,
  startServer,
} from './authorization-server.js'

export const one: SigningKey = await createSigningKey('ES256', 'one')
export const minute = 60_000
export const refusal = (reason: string) =>
  expect.objectContaining({ code: 'ERR_MTLS_TOKEN', reason })
export const away = expect.objectContaining({
  code: 'ERR_MTLS_REQUEST',
  status: 503,
  rpcCode: -32603,
})

export function createVerification(...issuers: [IssuerOptions, ...IssuerOptions[]]) {
  const clock = createClock()
  const verification = createTokenVerification({ resource, issuers }, clock.now)
  onTestFinished(() => verification.close())
  /** Whether it verifies at once or later, and whether it throws or rejects. */
  const verify = async (token: string, thumbprint?: string) =>
    verification.verify(token, thumbprint)
  return { clock, verification, verify }
}

/** An authorization server whose keys are where its metadata says. */
export async function startIssuer(...keys: readonly SigningKey[]) {
  const server = await startServer()
  const issuer = server.origin
  server.routes.set('/keys', keySet(...keys))
  server.routes.set('/.well-known/oauth-authorization-server', {
    issuer,
    jwks_uri: `${issuer}/keys`,
    introspection_endpoint: `${issuer}/introspect`,
    mtls_endpoint_aliases: { introspection_endpoint: `${issuer}/mtls/introspect` },
  })
  return { ...server, issuer, options: { issuer, fetch: server.fetch } }
}

export const countOf = ({ asked }: LoopbackServer, path: string) =>
  asked.filter((question) => question.path === path).length
