import { TokenError } from '../errors.js'
import type { AccessToken } from './access-token.js'
import { type BoundedFetch, unavailable } from './bounded-fetch.js'
import type { Discovery } from './discover.js'
import type { IntrospectionOptions } from './options.js'
import type { Claims } from './strict-claims.js'
import { isBoundToKey } from './token-binding.js'
import { type Expectation, verifyClaims } from './verify-claims.js'

/** What an issuer is asked with. */
export interface IntrospectionClient {
  readonly options: IntrospectionOptions
  readonly ask: BoundedFetch['ask']
  readonly discover: Discovery
}

/** Asks one issuer about a token; undefined where it says that the token is not active. */
export type Introspect = (token: string, hash: string) => Promise<AccessToken | undefined>

/** Questions under way at once, so that tokens of nobody's cannot fill the memory of a slow issuer's client. */
const mostQuestions = 100

/**
 * Creates the introspection (RFC 7662) of one issuer. The answer is checked as a JWT is: audience, expiry,
 * client and binding have to be there, and right. The client is known by its secret (RFC 6749 section
 * 2.3.1, HTTP Basic), or by the certificate that `fetch` presents, and then names itself (RFC 8705
 * section 2).
 *
 * @throws {TokenError} by the function returned, for an active token that is not acceptable
 * @throws {RequestError} by the function returned: 503, −32603, where there is no answer
 */
export function createIntrospection(
  client: IntrospectionClient,
  expected: Expectation,
): Introspect {
  let questions = 0
  const askAbout = async (token: string): Promise<Claims> => {
    if (questions >= mostQuestions) throw unavailable('too many tokens are being asked about')
    questions += 1
    try {
      return await askOnce(client, token)
    } finally {
      questions -= 1
    }
  }
  return async (token, hash) => {
    const claims = await askAbout(token)
    if (claims['active'] !== true) return undefined
    checkTokenType(claims)
    return verifyClaims({ claims, hash }, expected)
  }
}

async function askOnce(client: IntrospectionClient, token: string): Promise<Claims> {
  const { clientId, clientSecret } = client.options
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' })
  if (clientSecret === undefined) form.set('client_id', clientId)
  const headers =
    clientSecret === undefined ? {} : { authorization: basicCredentials(clientId, clientSecret) }
  const { status, document } = await client.ask(await urlOf(client), { form, headers })
  if (document !== undefined) return document
  throw unavailable(`the introspection endpoint gave no answer, but status ${status}`)
}

async function urlOf({ options, discover }: IntrospectionClient): Promise<string> {
  if (options.url !== undefined) return options.url
  const { introspectionEndpoint, mtlsIntrospectionEndpoint } = await discover()
  const byCertificate = options.clientSecret === undefined ? mtlsIntrospectionEndpoint : undefined
  const url = byCertificate ?? introspectionEndpoint
  if (url === undefined) throw unavailable('the metadata of the issuer names no introspection')
  return url
}

/**
 * An active refresh token is no access token; some authorization servers answer for both, and tell them
 * apart by `token_use`, or by leaving `token_type` out. A token for DPoP has to be bound to a key, or it
 * would pass for a bearer token.
 */
function checkTokenType(claims: Claims): void {
  const { token_use: use, token_type: type = use } = claims
  const isUsable = use === undefined || isAccess(use)
  if (isUsable && (isAccess(type) || isNamed(type, 'bearer'))) return
  if (isUsable && isNamed(type, 'dpop') && isBoundToKey(claims)) return
  throw new TokenError('type', 'the token type is not that of an access token')
}

function isAccess(use: unknown): boolean {
  return use === 'access_token' || use === 'access'
}

function isNamed(type: unknown, name: string): boolean {
  return typeof type === 'string' && type.toLowerCase() === name
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
function basicCredentials(id: string, secret: string): string {
  const [encodedId, encodedSecret] = [id, secret].map((text) =>
    new URLSearchParams([['', text]]).toString().slice(1),
  )
  return `Basic ${Buffer.from(`${encodedId}:${encodedSecret}`).toString('base64')}`
}
