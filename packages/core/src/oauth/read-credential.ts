import { RequestError, TokenError } from '../errors.js'
import { INVALID_REQUEST } from '../mcp/json-rpc-error.js'

/**
 * An access token as it was presented, not verified. `token` and `proof` are not enumerable, so that
 * neither a logger nor a spread copies them.
 */
export type Credential =
  | { readonly scheme: 'bearer'; readonly token: string; readonly proof?: never }
  | { readonly scheme: 'dpop'; readonly token: string; readonly proof: string }

const longest = 16_384
// RFC 9110 section 11.4 allows one or more spaces; RFC 6750 section 2.1 writes one, and so does every client.
const grammar = /^(?<scheme>bearer|dpop) (?<token>[A-Za-z0-9._~+/-]+=*)$/i
const separators = /[&;?#]/
const escapedByte = /%(?<hex>[0-9a-f]{2})/gi
// `access_token[]`, `[access_token]`, `access_token.x`: what some parser makes an access token of.
const tokenName = /^[^a-z0-9_]*access_token(?![a-z0-9_-])/i

const credentialErrors = new WeakSet<Error>()

/**
 * Reads the access token of a request from its raw headers, where a header sent twice is seen twice.
 * Undefined where there is no `Authorization`. Takes `Bearer` (RFC 6750 section 2.1) and `DPoP`
 * (RFC 9449 section 7.1) with one token of at most 16 KiB, and nothing else. A `DPoP` header beside
 * a bearer token is not looked at.
 *
 * Does not verify the token or the proof.
 *
 * @throws {RequestError} 400, −32600, for which `isCredentialError` is true: `Authorization` or `DPoP`
 * sent twice, an `Authorization` of another shape, a token in the query beside the header
 * @throws {TokenError} `malformed` for a token in the query alone, `proof` for a `DPoP` token without proof
 */
export function readCredential(rawHeaders: readonly string[], url: string): Credential | undefined {
  const authorization = readHeader(rawHeaders, 'authorization')
  const proof = readHeader(rawHeaders, 'dpop')
  if (hasTokenInQuery(url)) throw tokenInQuery(authorization)
  if (authorization === undefined) return undefined
  const { scheme, token } = parseAuthorization(authorization)
  if (scheme === 'bearer') return conceal({ scheme, token })
  if (proof === undefined) throw new TokenError('proof', 'a DPoP token came without a proof')
  return conceal({ scheme, token, proof })
}

/** Whether an error of `readCredential` is to be answered with the challenge `invalid_request` (RFC 6750 section 3.1). */
export function isCredentialError(error: unknown): boolean {
  return error instanceof Error && credentialErrors.has(error)
}

function readHeader(rawHeaders: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index]
    if (header?.length !== name.length || header.toLowerCase() !== name) continue
    if (value !== undefined) throw credentialError(`header ${name} is sent twice`)
    value = rawHeaders[index + 1] ?? ''
  }
  return value
}

function parseAuthorization(value: string): { scheme: 'bearer' | 'dpop'; token: string } {
  if (value.length > longest) throw credentialError('header authorization is too long')
  const { scheme, token } = grammar.exec(value)?.groups ?? {}
  if (scheme === undefined || token === undefined) {
    throw credentialError('header authorization is neither Bearer nor DPoP with one token')
  }
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token }
}

function hasTokenInQuery(url: string): boolean {
  const start = url.indexOf('?')
  if (start === -1) return false
  const names = url
    .slice(start + 1)
    .split(separators)
    .map((parameter) => parameter.split('=', 1)[0] ?? '')
  return names.some((name) => tokenName.test(decodeName(name)))
}

/** Byte by byte and never failing: parsers differ in what they make of a wrong escape beside a right one. */
function decodeName(name: string): string {
  return name.replaceAll(escapedByte, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function tokenInQuery(authorization: string | undefined): RequestError | TokenError {
  if (authorization === undefined) {
    return new TokenError('malformed', 'an access token is in the query, where none may be')
  }
  return credentialError('an access token is in the query beside header authorization')
}

function credentialError(message: string): RequestError {
  const error = new RequestError(400, INVALID_REQUEST, message)
  credentialErrors.add(error)
  return error
}

function conceal(credential: Credential): Credential {
  const hidden = { enumerable: false }
  Object.defineProperty(credential, 'token', hidden)
  if (credential.scheme === 'dpop') Object.defineProperty(credential, 'proof', hidden)
  return Object.freeze(credential)
}
