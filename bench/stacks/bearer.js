import { requireBearerAuth } from '@modelcontextprotocol/express'
import express from 'express'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { respond } from '../work.js'

/** The MCP SDK's own check of access tokens on Express, with a verifier of jose as its documentation has it. */
export async function serveBearer({ tls, work, oauth }) {
  const { issuer, resource, jwks } = oauth
  const keys = createLocalJWKSet(jwks)
  const verifier = {
    async verifyAccessToken(token) {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: resource })
      const { client_id: clientId, scope, exp: expiresAt } = payload
      return { token, clientId, scopes: scope.split(' '), expiresAt }
    },
  }
  const app = express()
  app.post('/mcp', requireBearerAuth({ verifier }), express.json(), (req, res) =>
    respond(res, work, req.body),
  )
  return tls.createServer(app)
}
