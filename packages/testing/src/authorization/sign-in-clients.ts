import { type MtlsFetch, mtlsFetch } from '@mcp-mtls/client'
import {
  DpopSession,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  Client as V2Client,
  type OAuthDiscoveryState as V2DiscoveryState,
  StreamableHTTPClientTransport as V2Transport,
} from '@modelcontextprotocol/client'
import type { OAuthDiscoveryState as V1DiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as V1Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as V1Transport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type {
  OAuthClientInformationMixed,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { ClientCertificate } from '../certificates.js'
import { toV1Facade } from '../clients/v1-client.js'
import { toV2Facade, v2Modes } from '../clients/v2-client.js'
import type { McpClient } from '../clients.js'
import type { AuthorizationServer } from './authorization-server.js'
import { type ClientStoreOptions, createClientStore } from './client-store.js'

export interface SignInClientOptions {
  readonly line: 'v1' | keyof typeof v2Modes
  readonly certificate: ClientCertificate
  readonly server: Pick<AuthorizationServer, 'issuer' | 'authorize'>
  /** Who signs in. */
  readonly account: string
  /** The id of a client known by its metadata document; absent: the client registers. */
  readonly metadataUrl?: string
  /** The id of a client that is registered already. */
  readonly clientId?: string
  /** Asks for tokens bound to a key and proves it with every request; SDK v2 alone can. */
  readonly dpop?: true
}

/** An SDK client whose user signs in whenever the server asks for a token, or a better one. */
export interface SignInClient extends McpClient {
  /** The authorization URLs followed so far: one for each sign-in and step-up. */
  readonly authorizations: readonly URL[]
  /** The access token in use. */
  token(): string | undefined
}

interface V1Stored {
  readonly information: OAuthClientInformationMixed
  readonly tokens: OAuthTokens
  readonly discovery: V1DiscoveryState
}

interface V2Stored {
  readonly information: StoredOAuthClientInformation
  readonly tokens: StoredOAuthTokens
  readonly discovery: V2DiscoveryState
}

/** What is particular to a line of the SDK. */
interface Line {
  readonly authorizations: readonly URL[]
  token(): string | undefined
  /** A connection; a transport is good for one attempt only. */
  attempt(): { connect(): Promise<McpClient>; finishAuth(callback: URLSearchParams): Promise<void> }
  takeCallback(): URLSearchParams | undefined
}

/** Connects a real SDK client over mutual TLS, which finds the authorization server by itself. */
export async function connectSigningIn(
  url: string,
  options: SignInClientOptions,
): Promise<SignInClient> {
  const origins = [url, options.server.issuer].map((text) => new URL(text).origin)
  const fetch = mtlsFetch({ ...options.certificate, origins })
  const line = await (options.line === 'v1' ? createV1 : createV2)(new URL(url), fetch, options)
  try {
    const client = await open(line)
    return { ...client, close: () => client.close().finally(() => fetch.close()) }
  } catch (error) {
    await fetch.close()
    throw error
  }
}

async function open(line: Line): Promise<SignInClient> {
  let attempt = line.attempt()
  const retried = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      const callback = line.takeCallback()
      if (callback === undefined) throw error
      await attempt.finishAuth(callback)
      return act()
    }
  }
  const client = await attempt.connect().catch(async (error: unknown) => {
    const callback = line.takeCallback()
    if (callback === undefined) throw error
    await attempt.finishAuth(callback)
    attempt = line.attempt()
    return attempt.connect()
  })
  return {
    listTools: () => retried(client.listTools),
    callTool: (name, args) => retried(() => client.callTool(name, args)),
    listPrompts: () => retried(client.listPrompts),
    getPrompt: (name) => retried(() => client.getPrompt(name)),
    listResources: () => retried(client.listResources),
    listResourceTemplates: () => retried(client.listResourceTemplates),
    readResource: (uri) => retried(() => client.readResource(uri)),
    close: client.close,
    authorizations: line.authorizations,
    token: line.token,
  }
}

async function createV1(url: URL, fetch: MtlsFetch, options: SignInClientOptions): Promise<Line> {
  const store = createClientStore<V1Stored>(toStoreOptions(options))
  return {
    authorizations: store.authorizations,
    token: () => store.tokens()?.access_token,
    takeCallback: store.takeCallback,
    attempt() {
      const transport = new V1Transport(url, { fetch, authProvider: store })
      return {
        async connect() {
          const client = new V1Client({ name: 'fixture-client-v1', version: '1.0.0' })
          // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
          await client.connect(transport as Transport)
          return toV1Facade(client)
        },
        finishAuth: (callback) => transport.finishAuth(readCode(callback)),
      }
    },
  }
}

async function createV2(url: URL, fetch: MtlsFetch, options: SignInClientOptions): Promise<Line> {
  const store = createClientStore<V2Stored>(toStoreOptions(options))
  const session = options.dpop && (await DpopSession.create())
  const authProvider = { ...store, ...(session && { dpop: () => session }) }
  const mode = options.line === 'v1' ? v2Modes['v2-legacy'] : v2Modes[options.line]
  return {
    authorizations: store.authorizations,
    token: () => store.tokens()?.access_token,
    takeCallback: store.takeCallback,
    attempt() {
      const transport = new V2Transport(url, { fetch, authProvider })
      return {
        async connect() {
          const info = { name: 'fixture-client-v2', version: '1.0.0' }
          const client = new V2Client(info, { versionNegotiation: { mode } })
          await client.connect(transport)
          return toV2Facade(client)
        },
        finishAuth: (callback) => transport.finishAuth(callback),
      }
    },
  }
}

function toStoreOptions(
  options: SignInClientOptions,
): ClientStoreOptions<{ readonly client_id: string }> {
  const { server, account, certificate, metadataUrl, clientId } = options
  return {
    authorize: (url) => server.authorize(url, { account, certificate }),
    ...(clientId !== undefined && { client: { client_id: clientId } }),
    ...(metadataUrl !== undefined && { metadataUrl }),
  }
}

/** @throws {Error} if the user was refused */
function readCode(callback: URLSearchParams): string {
  const code = callback.get('code')
  if (code === null) throw new Error(`no code came back: ${callback.get('error')}`)
  return code
}
