import { RequestError, TokenError } from '../errors.js'
import type { Answer } from '../http/write-answer.js'
import {
  DENIED,
  INVALID_REQUEST,
  jsonRpcError,
  type RequestId,
  UNAUTHENTICATED,
} from '../mcp/json-rpc-error.js'
import type { AccessToken } from '../oauth/access-token.js'
import { isCredentialError } from '../oauth/read-credential.js'
import type { Decision } from '../policy/decision.js'
import type { Tokens } from './tokens.js'

/** What a caller lacks for one operation. */
export type Wanted = Extract<Decision, { effect: 'challenge' }>

/**
 * The answer to a credential that is missing, refused or sent in a wrong way (RFC 6750 section 3, RFC
 * 9449 sections 7.1 and 9); undefined for any other error.
 */
export function credentialRefused(error: unknown, tokens: Tokens | undefined): Answer | undefined {
  if (tokens === undefined) return undefined
  const { challenges } = tokens
  if (isCredentialError(error)) {
    const status = error instanceof RequestError ? error.status : 401
    return refusal(status, INVALID_REQUEST, { 'www-authenticate': challenges.invalidRequest() })
  }
  if (!(error instanceof TokenError)) return undefined
  const nonce = error.reason === 'proof-nonce' ? tokens.proofNonce() : undefined
  return refusal(401, UNAUTHENTICATED, {
    'www-authenticate': challengeOf(error, tokens),
    ...(nonce !== undefined && { 'dpop-nonce': nonce }),
  })
}

/** The challenge that says why a token is not taken; its text is one constant a kind of reason. */
export function challengeOf({ reason }: TokenError, { challenges }: Tokens): string {
  if (reason === 'missing') return challenges.missing()
  if (reason === 'proof-nonce') return challenges.useNonce()
  return reason === 'proof' ? challenges.invalidProof() : challenges.invalidToken()
}

/** The challenge for what an operation lacks: a token at all, or scopes, told with those granted so that none gets lost. */
export function challengeFor(
  wanted: Wanted,
  token: AccessToken | undefined,
  { challenges }: Tokens,
): string {
  if (wanted.wants === 'token') return challenges.missing()
  return challenges.insufficientScope([...new Set([...wanted.scopes, ...(token?.scopes ?? [])])])
}

/** The same as the result of a tool call. */
export function challengeInResult(
  wanted: Wanted,
  token: AccessToken | undefined,
  tokens: Tokens,
): object {
  const { challenges } = tokens
  return challenges.toolResult(
    wanted.wants === 'token' ? challenges.signIn() : challengeFor(wanted, token, tokens),
  )
}

/** An operation that needs more: 401 without a token, 403 with one that carries too little. */
export function challenged(id: RequestId | null, wanted: Wanted, challenge: string): Answer {
  return wanted.wants === 'token'
    ? refusal(401, UNAUTHENTICATED, { 'www-authenticate': challenge }, id)
    : refusal(403, DENIED, { 'www-authenticate': challenge }, id)
}

/** The same inside the result of a tool call, for clients that look for it there. */
export function challengedInResult(id: RequestId, result: object): Answer {
  return { status: 200, headers: {}, body: JSON.stringify({ jsonrpc: '2.0', id, result }) }
}

function refusal(
  status: number,
  code: number,
  headers: Readonly<Record<string, string>>,
  id: RequestId | null = null,
): Answer {
  return { status, headers, body: JSON.stringify(jsonRpcError(id, code)) }
}
