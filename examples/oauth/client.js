import { randomUUID } from 'node:crypto'
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'

/**
 * An MCP client that signs its user in whenever the server asks for a token, or for a better one.
 * `browse` shows the user an authorization URL; it resolves to the URL that leads back.
 */
export async function connect(url, { fetch, clientId, redirectUrl, browse }) {
  const authProvider = createProvider({ clientId, redirectUrl, browse })
  let transport
  const open = async () => {
    const client = new Client({ name: 'my-client', version: '1.0.0' })
    transport = new StreamableHTTPClientTransport(new URL(url), { fetch, authProvider })
    await client.connect(transport)
    return client
  }
  const signingIn = async (act) => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await transport.finishAuth(authProvider.callback())
      return act()
    }
  }
  const client = await signingIn(open)
  return {
    callTool: (name) => signingIn(() => client.callTool({ name, arguments: {} })),
    token: () => authProvider.tokens().access_token,
    close: () => client.close(),
  }
}

/** What the SDK keeps in an application; here in memory. */
function createProvider({ clientId, redirectUrl, browse }) {
  const kept = {}
  const state = randomUUID()
  return {
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl] },
    clientInformation: () => ({ client_id: clientId }),
    state: () => state,
    tokens: () => kept.tokens,
    saveTokens: (tokens) => {
      kept.tokens = tokens
    },
    codeVerifier: () => kept.verifier,
    saveCodeVerifier: (verifier) => {
      kept.verifier = verifier
    },
    discoveryState: () => kept.discovery,
    saveDiscoveryState: (discovery) => {
      kept.discovery = discovery
    },
    redirectToAuthorization: async (url) => {
      kept.callback = (await browse(url)).searchParams
    },
    callback: () => {
      if (kept.callback.get('state') !== state) throw new Error('the answer is not to our question')
      return kept.callback
    },
  }
}
