import type { ClientCredentials } from '../certificates.js'
import { exchangeHttps } from './https-exchange.js'

/** Says who is signing in, to the page that would otherwise ask. */
export const accountHeader = 'x-account'

export interface SignInOptions {
  readonly account: string
  readonly certificate: ClientCredentials
}

/**
 * What a browser does with an authorization URL: follows redirects with cookies until one leaves the
 * authorization server. That one is the client's own, with `code` or `error`.
 *
 * @throws {Error} if the server answers with anything else, or goes in circles
 */
export async function signIn(url: string | URL, options: SignInOptions): Promise<URL> {
  const { origin } = new URL(url)
  const cookies = new Map<string, string>()
  let current = new URL(url)
  for (let steps = 0; steps < 10; steps += 1) {
    const answer = await exchangeHttps(current, {
      certificate: options.certificate,
      headers: { [accountHeader]: options.account, cookie: toCookieHeader(cookies) },
    })
    keepCookies(cookies, answer.cookies)
    if (answer.location === undefined) {
      throw new Error(`the authorization server answered ${answer.status}: ${answer.body}`)
    }
    current = new URL(answer.location, current)
    if (current.origin !== origin) return current
  }
  throw new Error('the authorization server redirects in circles')
}

function keepCookies(cookies: Map<string, string>, set: readonly string[]): void {
  for (const cookie of set) {
    const at = cookie.indexOf('=')
    const name = cookie.slice(0, at)
    const value = cookie.slice(at + 1)
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
}

function toCookieHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}
