import { signatureAlgorithms } from './compact-jws.js'
import { defineScopes, toScopeParameter } from './scopes.js'

/** The result of a tool call that asks for an access token instead of running. */
interface ToolChallenge {
  readonly content: readonly [{ readonly type: 'text'; readonly text: string }]
  readonly isError: true
  readonly _meta: { readonly 'mcp/www_authenticate': readonly string[] }
}

/** The values of `WWW-Authenticate` of one resource. Each is one line of printable ASCII. */
export interface Challenges {
  /** No token where one is needed: no `error` (RFC 6750 section 3.1). Default: the configured scopes. */
  readonly missing: (scopes?: readonly string[]) => string
  /** A token that is not accepted, whatever the reason. `description` is a constant of the caller. */
  readonly invalidToken: (description?: string) => string
  /** More scopes would help: all that the operation needs, with those granted. */
  readonly insufficientScope: (scopes: readonly string[]) => string
  /** A request whose credentials cannot be understood. */
  readonly invalidRequest: () => string
  /** As `missing`, for a tool result: ChatGPT asks its user only where the challenge has an error and a description. */
  readonly signIn: (scopes?: readonly string[]) => string
  /** RFC 9449 section 7.1: the proof is not accepted; where none is verified, as `invalidToken`. */
  readonly invalidProof: () => string
  /** RFC 9449 section 9: the proof needs the nonce of `DPoP-Nonce`. */
  readonly useNonce: () => string
  /** A challenge as the result of a tool call, for clients that show an HTTP 401 as a failed connection. */
  readonly toolResult: (challenge: string) => ToolChallenge
}

/** What challenges are made of; nothing of a request. */
export interface ChallengeOptions {
  /** Of `createResourceMetadata`. */
  readonly resourceMetadataUrl: string
  readonly scopes?: readonly string[] | undefined
  /** Whether DPoP proofs are verified. */
  readonly dpop: boolean
}

type Parameters = readonly (readonly [name: string, value: string | undefined])[]

const texts = {
  invalid_token: 'The access token is not valid',
  insufficient_scope: 'The access token lacks a scope this operation needs',
  sign_in: 'Sign in to use this tool',
  invalid_request: 'The credentials of the request cannot be understood',
  invalid_dpop_proof: 'The DPoP proof is not valid',
  use_dpop_nonce: 'The DPoP proof needs the nonce of this server',
  tool: 'Authorization is required to use this tool.',
}

/**
 * Creates the challenges of one resource: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1.
 * `Bearer` comes first, with parameters: the clients of SDK v1 read nothing else.
 *
 * @throws {ConfigurationError} for a scope that is none
 */
export function createChallenges(options: ChallengeOptions): Challenges {
  const configured = defineScopes(options.scopes ?? [])
  const metadata = ['resource_metadata', options.resourceMetadataUrl] as const
  const algorithms = ['algs', signatureAlgorithms.join(' ')] as const
  const offer = options.dpop ? `, ${toChallenge('DPoP', [algorithms])}` : ''
  const bearer = (parameters: Parameters) => toChallenge('Bearer', [...parameters, metadata])
  const proof = (error: 'invalid_dpop_proof' | 'use_dpop_nonce') =>
    toChallenge('DPoP', [...toError(error, texts[error]), algorithms, metadata])
  const scope = (scopes: readonly string[]) => ['scope', toScopeParameter(scopes)] as const
  const invalidToken = (description: string = texts.invalid_token) =>
    `${bearer([...toError('invalid_token', description), scope(configured)])}${offer}`
  const insufficient = (description: string, scopes: readonly string[]) =>
    bearer([...toError('insufficient_scope', description), scope(scopes)])
  return Object.freeze({
    missing: (scopes = configured) => `${bearer([scope(scopes)])}${offer}`,
    invalidToken,
    insufficientScope: (scopes: readonly string[]) =>
      insufficient(texts.insufficient_scope, scopes),
    invalidRequest: () => bearer(toError('invalid_request', texts.invalid_request)),
    signIn: (scopes = configured) => insufficient(texts.sign_in, scopes),
    invalidProof: () => (options.dpop ? proof('invalid_dpop_proof') : invalidToken()),
    useNonce: () => proof('use_dpop_nonce'),
    toolResult,
  })
}

function toolResult(challenge: string): ToolChallenge {
  return {
    content: [{ type: 'text', text: texts.tool }],
    isError: true,
    _meta: { 'mcp/www_authenticate': [challenge] },
  }
}

function toError(error: string, description: string): Parameters {
  return [
    ['error', error],
    ['error_description', description],
  ]
}

function toChallenge(scheme: 'Bearer' | 'DPoP', parameters: Parameters): string {
  const written = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quote(value)}`],
  )
  return `${scheme} ${written.join(', ')}`
}

/** A quoted-string (RFC 9110 section 5.6.4) of printable ASCII; what is not becomes a question mark. */
function quote(value: string): string {
  return `"${value.replaceAll(/[^ -~]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`
}
