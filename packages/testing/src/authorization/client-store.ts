import { randomUUID } from 'node:crypto'

/** The types of what a line of the SDK gives to keep. */
export interface StoredByClient {
  readonly information: unknown
  readonly tokens: unknown
  readonly discovery: unknown
}

export interface ClientStoreOptions<Information> {
  /** Follows an authorization URL as the user's browser would; the redirect back to the client. */
  readonly authorize: (url: URL) => Promise<URL>
  /** A client that is registered already; absent: it registers, or is known by `metadataUrl`. */
  readonly client?: Information
  /** The id of a client that is known by its metadata document (CIMD). */
  readonly metadataUrl?: string
}

/** Where the redirect of an authorization leads; nothing listens there. */
export const redirectUrl = 'https://client.acme.test/callback'

/** What a client that is an application without a secret registers, by RFC 7591 or in a document. */
export const clientMetadata: {
  readonly client_name: string
  readonly redirect_uris: string[]
  readonly grant_types: string[]
  readonly response_types: string[]
  readonly token_endpoint_auth_method: string
} = {
  client_name: 'fixture client',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/**
 * What the SDK's `OAuthClientProvider` asks of an application, held in memory, with a user who signs
 * in at once. The two SDK lines differ in the types of what is stored, not in its use.
 */
export interface ClientStore<Stored extends StoredByClient> {
  readonly redirectUrl: string
  readonly clientMetadata: typeof clientMetadata
  readonly clientMetadataUrl?: string
  state(): string
  clientInformation(): Stored['information'] | undefined
  saveClientInformation(information: Stored['information']): void
  tokens(): Stored['tokens'] | undefined
  saveTokens(tokens: Stored['tokens']): void
  discoveryState(): Stored['discovery'] | undefined
  saveDiscoveryState(discovery: Stored['discovery']): void
  redirectToAuthorization(url: URL): Promise<void>
  saveCodeVerifier(verifier: string): void
  codeVerifier(): string
  /** The authorization URLs followed so far. */
  readonly authorizations: readonly URL[]
  /**
   * What the last redirect brought, once.
   *
   * @throws {Error} if its `state` is not the one the client sent
   */
  takeCallback(): URLSearchParams | undefined
}

export function createClientStore<Stored extends StoredByClient>(
  options: ClientStoreOptions<Stored['information']>,
): ClientStore<Stored> {
  const state = randomUUID()
  const authorizations: URL[] = []
  let information = options.client
  let tokens: Stored['tokens'] | undefined
  let discovery: Stored['discovery'] | undefined
  let verifier = ''
  let callback: URLSearchParams | undefined
  return {
    redirectUrl,
    clientMetadata,
    ...(options.metadataUrl !== undefined && { clientMetadataUrl: options.metadataUrl }),
    authorizations,
    state: () => state,
    clientInformation: () => information,
    saveClientInformation(saved) {
      information = saved
    },
    tokens: () => tokens,
    saveTokens(saved) {
      tokens = saved
    },
    discoveryState: () => discovery,
    saveDiscoveryState(saved) {
      discovery = saved
    },
    saveCodeVerifier(saved) {
      verifier = saved
    },
    codeVerifier: () => verifier,
    async redirectToAuthorization(url) {
      authorizations.push(url)
      callback = (await options.authorize(url)).searchParams
    },
    takeCallback() {
      const taken = callback
      callback = undefined
      if (taken && taken.get('state') !== state) throw new Error('the state is not ours')
      return taken
    },
  }
}
