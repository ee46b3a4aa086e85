import { startAuthorizationServer } from '@mcp-mtls/testing'

export const clientId = 'my-client'
export const redirectUrl = 'https://client.acme.test/callback'
const scopes = ['tools:read', 'tools:deploy']

/**
 * A real authorization server (`oidc-provider`) for one resource and one client. It binds the client's
 * tokens to the certificate the client presents at its token endpoint.
 */
export async function startIssuer({ certificates, resource }) {
  const server = await startAuthorizationServer({
    certificates,
    outbound: certificates.clients.operator,
    scopes,
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        scope: scopes.join(' '),
        tls_client_certificate_bound_access_tokens: true,
      },
    ],
  })
  server.addResource(resource, { scopes })
  return server
}
