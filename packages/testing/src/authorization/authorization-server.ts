import type { IncomingMessage, ServerResponse } from 'node:http'
import { type MtlsFetch, mtlsFetch } from '@mcp-mtls/client'
import type { ClientMetadata, Provider } from 'oidc-provider'
import type { ClientCertificate, ClientCredentials } from '../certificates.js'
import { exchangeHttps } from './https-exchange.js'
import type { Resource } from './provider-configuration.js'
import { createRequestCounts } from './request-counts.js'
import {
  type HttpsListener,
  type ServerCertificates,
  serveHttps,
  writeJson,
} from './serve-https.js'
import { accountHeader, signIn } from './sign-in.js'

export interface AuthorizationServerOptions {
  readonly certificates: ServerCertificates
  /** What `fetch` presents. */
  readonly outbound: ClientCertificate
  /** Clients known from the start, as RFC 7591 describes them. */
  readonly clients?: readonly ClientMetadata[]
  /** Claims that tokens of an account carry beside `sub`; every account name can sign in. */
  readonly accounts?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Scopes clients may register with; those of all resources. */
  readonly scopes: readonly string[]
}

export interface EndpointRequest {
  /** What the caller presents to the TLS layer. */
  readonly certificate: ClientCredentials
  /** The form. */
  readonly parameters: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

export interface EndpointAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** A running authorization server (`oidc-provider`). */
export interface AuthorizationServer {
  readonly issuer: string
  /** For a resource server: trusts the CA and presents a certificate. Metadata documents are fetched by it too. */
  readonly fetch: MtlsFetch
  /** Makes it issue tokens for a resource (RFC 8707); others are refused with `invalid_target`. */
  addResource(identifier: string, resource: Resource): void
  /** Hosts a client metadata document (CIMD); the URL is the client's id. */
  addClientDocument(name: string, metadata: Readonly<Record<string, unknown>>): string
  /** Signs an account in on an authorization URL; the redirect to the client, with `code` or `error`. */
  authorize(
    url: string | URL,
    options: { readonly account: string; readonly certificate?: ClientCredentials },
  ): Promise<URL>
  token(request: EndpointRequest): Promise<EndpointAnswer>
  introspect(request: EndpointRequest): Promise<EndpointAnswer>
  revoke(request: EndpointRequest): Promise<EndpointAnswer>
  /** Requests so far, of one path or all. */
  requests(path?: string): number
  close(): Promise<void>
}

/**
 * Starts `oidc-provider` on loopback over https: authorization code with PKCE, client credentials,
 * client authentication by certificate (RFC 8705, with a URI name), bound tokens, resource indicators
 * (RFC 8707), DPoP (RFC 9449), introspection, revocation, dynamic registration and client metadata
 * documents. Nobody is asked anything: whoever signs in consents.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  const { certificates, accounts = {} } = options
  // Loaded by those alone that start one: it takes a while, and speaks up on old versions of Node.
  const { Provider } = await import('oidc-provider')
  const { configureProvider } = await import('./provider-configuration.js')
  const resources = new Map<string, Resource>()
  const documents = new Map<string, unknown>()
  const counts = createRequestCounts()
  let respond: HttpsListener = (_, res) => void res.destroy()
  const server = await serveHttps(certificates, (req, res) => {
    counts.add(req.url)
    respond(req, res)
  })
  const fetch = mtlsFetch({ ...options.outbound, origins: [server.origin] })
  const configuration = await configureProvider({
    clients: options.clients ?? [],
    claims: (account) => accounts[account] ?? {},
    resources,
    scopes: options.scopes,
    fetch: fetchDocument(fetch),
  })
  respond = createListener(new Provider(server.origin, configuration), documents)
  return {
    ...createEndpoints(server.origin, { ca: certificates.ca }),
    issuer: server.origin,
    fetch,
    addResource: (identifier, resource) => void resources.set(identifier, resource),
    addClientDocument: (name, metadata) => {
      const url = `${server.origin}${documentPrefix}${name}`
      documents.set(`${documentPrefix}${name}`, { ...metadata, client_id: url })
      return url
    },
    requests: counts.of,
    close: () => server.close().finally(() => fetch.close()),
  }
}

type Endpoints = Pick<AuthorizationServer, 'authorize' | 'token' | 'introspect' | 'revoke'>

function createEndpoints(origin: string, trust: ClientCredentials): Endpoints {
  const ask = (path: string) => (request: EndpointRequest) =>
    askEndpoint(`${origin}${path}`, request)
  return {
    authorize: (url, { account, certificate = trust }) => signIn(url, { account, certificate }),
    token: ask('/token'),
    introspect: ask('/token/introspection'),
    revoke: ask('/token/revocation'),
  }
}

const documentPrefix = '/clients/'

function createListener(
  provider: Provider,
  documents: ReadonlyMap<string, unknown>,
): HttpsListener {
  const serve = provider.callback()
  return (req, res) => {
    const path = req.url ?? '/'
    if (path.startsWith(documentPrefix)) {
      const document = documents.get(path)
      return writeJson(res, document === undefined ? 404 : 200, document ?? {})
    }
    if (path.startsWith('/interaction/')) {
      enterAccount(provider, req, res).catch(() => res.destroy())
      return
    }
    serve(req, res).catch(() => res.destroy())
  }
}

/** Stands in for the page on which a user signs in. */
async function enterAccount(
  provider: Provider,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const account = req.headers[accountHeader]
  const result =
    typeof account === 'string' ? { login: { accountId: account } } : { error: 'access_denied' }
  await provider.interactionFinished(req, res, result)
}

/** The provider passes a dispatcher of its own, which refuses loopback addresses. */
function fetchDocument(fetch: MtlsFetch): typeof globalThis.fetch {
  return (input) =>
    fetch(input instanceof Request ? input.url : input, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
    })
}

async function askEndpoint(url: string, request: EndpointRequest): Promise<EndpointAnswer> {
  const { certificate, parameters, headers } = request
  const { status, body } = await exchangeHttps(url, {
    certificate,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
  })
  return { status, json: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) }
}
