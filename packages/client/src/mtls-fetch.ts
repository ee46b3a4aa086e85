import { type Dispatcher, fetch as undiciFetch } from 'undici'
import { createCertifiedOrigins } from './certified-origins.js'
import { createDispatcher } from './create-dispatcher.js'
import { configurationError } from './errors.js'
import { explainFailure } from './explain-failure.js'
import { type CredentialOptions, readCredentials } from './read-credentials.js'

export interface MtlsFetchOptions extends CredentialOptions {
  /** The name the server certificate must have, where it differs from the host of the URL. */
  readonly servername?: string
  /**
   * The origins (`https://host:port`) the certificate is presented to. All others are reached without
   * it, and with the public authorities in place of `ca`. Default: the origin of the first request.
   */
  readonly origins?: readonly string[]
}

/** A fetch that presents a client certificate. Pass it to an MCP client transport as `fetch`. */
export interface MtlsFetch {
  (url: string | URL, init?: RequestInit): Promise<Response>
  /** Ends all connections, open streams too. Requests made after it are rejected. */
  readonly close: () => Promise<void>
}

// The global fetch of a Node release and an installed undici do not always fit together, so the fetch
// and the dispatcher come from one copy. Its types and the global ones describe the same Fetch standard
// but are declared apart, hence the one assertion.
type DispatchedFetch = (
  url: URL,
  init: Omit<RequestInit, 'dispatcher'> & { readonly dispatcher: Dispatcher },
) => Promise<Response>
const dispatchedFetch = undiciFetch as unknown as DispatchedFetch

const KNOWN = new Set(['cert', 'key', 'ca', 'passphrase', 'servername', 'origins'])

/**
 * Makes a fetch that presents a client certificate (TLS client authentication, RFC 8446 section 4.4.2).
 *
 * The files are read and checked here, so that a wrong path fails at once. The certificate is presented
 * to the listed `origins` only; without that option to the origin of the first request, provided that it
 * is a GET or an MCP message. An MCP client also uses its fetch for OAuth, with servers that a remote
 * names: those do not see the certificate unless they are listed. Redirects are followed as `init` says,
 * and the rule holds for their targets too.
 *
 * A TLS failure rejects with an {@link MtlsClientError} that says what to check; every other failure is
 * that of fetch. Not noticed: files that change later, and a stream that breaks after its headers.
 * Request bodies of the global FormData class are not understood.
 *
 * @throws {MtlsClientError} ERR_MTLS_CLIENT_CONFIGURATION
 */
export function mtlsFetch(options: MtlsFetchOptions): MtlsFetch {
  checkKeys(options)
  const { servername } = options
  const origins = createCertifiedOrigins(options.origins)
  const dispatcher = createDispatcher({
    credentials: readCredentials(options),
    servername,
    origins,
  })
  const send = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const target = new URL(url)
    origins.settle(target, init)
    try {
      return await dispatchedFetch(target, { ...init, dispatcher })
    } catch (error) {
      throw origins.has(target.origin) ? explainFailure(error, target.origin) : error
    }
  }
  return Object.freeze(Object.assign(send, { close: () => dispatcher.destroy() }))
}

function checkKeys(options: object): void {
  const unknown = Object.keys(options).find((key) => !KNOWN.has(key))
  if (unknown !== undefined) {
    throw configurationError(`${unknown}: is no option; there are ${[...KNOWN].join(', ')}`)
  }
}
