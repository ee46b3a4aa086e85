import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'
import { writeJson } from './serve-https.js'

/** Who may ask an issuer about tokens: by secret, or, as RFC 8705 section 2, by a certificate. */
export interface IntrospectionClient {
  readonly clientId: string
  readonly clientSecret: string
}

/** Tokens an issuer knows of, by their text. */
export interface KnownTokens {
  remember(token: string, claims: Readonly<Record<string, unknown>>): void
  revoke(token: string): void
  /** The answer of RFC 7662 section 2.2. */
  describe(token: string): Readonly<Record<string, unknown>>
}

export function createKnownTokens(): KnownTokens {
  const tokens = new Map<string, Readonly<Record<string, unknown>>>()
  return {
    remember: (token, claims) => void tokens.set(token, claims),
    revoke: (token) => void tokens.delete(token),
    describe(token) {
      const claims = tokens.get(token)
      return claims === undefined || isExpired(claims['exp'])
        ? { active: false }
        : { active: true, token_type: 'Bearer', ...claims }
    },
  }
}

/** Answers a request of RFC 7662 section 2.1; 401 to whoever is not the client. */
export async function introspect(
  req: IncomingMessage,
  res: ServerResponse,
  { client, tokens }: { readonly client: IntrospectionClient; readonly tokens: KnownTokens },
): Promise<void> {
  const form = new URLSearchParams(await text(req))
  if (!isClient(req, form, client)) return writeJson(res, 401, { error: 'invalid_client' })
  const token = form.get('token')
  if (token === null) return writeJson(res, 400, { error: 'invalid_request' })
  writeJson(res, 200, tokens.describe(token))
}

function isClient(
  req: IncomingMessage,
  form: URLSearchParams,
  { clientId, clientSecret }: IntrospectionClient,
): boolean {
  const { authorization } = req.headers
  // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
  const expected = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
  if (authorization !== undefined) {
    return authorization === `Basic ${Buffer.from(expected).toString('base64')}`
  }
  const certified = req.socket instanceof TLSSocket && req.socket.authorized
  return certified && form.get('client_id') === clientId
}

function isExpired(exp: unknown): boolean {
  return typeof exp === 'number' && exp * 1000 <= Date.now()
}
