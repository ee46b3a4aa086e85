import type { MtlsFetch } from '@mcp-mtls/client'

/** What an endpoint of Keycloak answered. */
interface RealmAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** A client of one realm; `fetch` presents its certificate. */
export interface RealmClient {
  readonly metadata: () => Promise<RealmAnswer>
  readonly token: (form: Readonly<Record<string, string>>) => Promise<RealmAnswer>
  readonly revoke: (form: Readonly<Record<string, string>>) => Promise<RealmAnswer>
}

export function createRealmClient(issuer: string, fetch: MtlsFetch): RealmClient {
  const ask = async (path: string, form?: Readonly<Record<string, string>>) => {
    const body = form && new URLSearchParams(form)
    const response = await fetch(`${issuer}${path}`, body && { method: 'POST', body })
    const text = await response.text()
    return { status: response.status, json: text === '' ? {} : JSON.parse(text) }
  }
  return {
    metadata: () => ask('/.well-known/openid-configuration'),
    token: (form) => ask('/protocol/openid-connect/token', form),
    revoke: (form) => ask('/protocol/openid-connect/revoke', form),
  }
}

/** Header and claims of a JWT, unverified. */
export function decodeToken(token: unknown): {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
} {
  const [header, claims] = String(token)
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
  return { header, claims }
}

/**
 * Signs a user in on an authorization URL, as a browser with its cookies does, by the form Keycloak
 * shows; the redirect back to the client.
 *
 * @throws {Error} if there is no form, or it is not answered with a redirect
 */
export async function signIn(
  url: URL,
  { fetch, username, password }: { fetch: MtlsFetch; username: string; password: string },
): Promise<URL> {
  const page = await fetch(url, { redirect: 'manual' })
  const action = /<form[^>]* action="([^"]+)"/.exec(await page.text())?.[1]
  if (action === undefined) throw new Error(`no form to sign in: ${page.status}`)
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const answer = await fetch(action.replaceAll('&amp;', '&'), {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie },
    body: new URLSearchParams({ username, password }),
  })
  const location = answer.headers.get('location')
  await answer.body?.cancel()
  if (location === null) throw new Error(`the form was answered with ${answer.status}`)
  return new URL(location)
}
