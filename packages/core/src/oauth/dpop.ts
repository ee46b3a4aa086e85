import { createHash } from 'node:crypto'
import { TokenError } from '../errors.js'
import { createNonces } from './dpop-nonce.js'
import { createReplayMemory } from './dpop-replay.js'
import { openProof } from './open-proof.js'
import { parseResource } from './resource-metadata.js'

/** The request a proof was sent with. */
interface ProvenRequest {
  /** Its HTTP method. */
  readonly method: string
  /** The access token beside the proof. */
  readonly token: string
  /** The key the token is bound to, where that is known: a proof of another is refused, and not remembered. */
  readonly key?: string
}

/** Verifies DPoP proofs for one resource; holds the proofs it has seen. */
export interface ProofVerifier {
  /**
   * Verifies a proof and returns the RFC 7638 thumbprint of its key, which is to be compared with the
   * `cnf.jkt` of the verified token by `confirmBinding`.
   *
   * Every proof needs a nonce of this server, and is taken once. The URL the request was sent to is not
   * looked at: `htu` must be the configured resource.
   *
   * @throws {TokenError} `proof`; `proof-nonce` where all is right but the nonce
   * @throws {RequestError} 503 if no more proofs can be remembered, or none more of this key
   */
  readonly verify: (proof: string, request: ProvenRequest) => Promise<string>
  /** The value for `DPoP-Nonce`. */
  readonly nonce: () => string
}

/** What a proof verifier is made of. */
export interface ProofVerifierOptions {
  readonly resource: string
  /** Milliseconds since the epoch; default: the clock. */
  readonly now?: () => number
  /** Shared by replicas so that each takes the other's nonces; the first makes them. */
  readonly secrets?: readonly string[] | undefined
}

/** How far `iat` may be from now, either way. */
const tolerance = 60_000
// The memory reads the clock a moment after the age was checked by it.
const margin = 1_000
const longestId = 256
// No white space, which the URL parser drops, and no backslash, which it takes for a slash.
const httpsUri = /^https:\/\/[!-[\]-~]+$/i
// More signatures than one core checks in twice that time; about 20 MB when full.
const capacity = 200_000

/**
 * Creates the verifier of DPoP proofs for one resource (RFC 9449 section 4.3).
 *
 * @throws {ConfigurationError} for a resource that is none
 */
export function createProofVerifier({
  resource,
  now = Date.now,
  secrets,
}: ProofVerifierOptions): ProofVerifier {
  const target = withoutQuery(parseResource(resource))
  const nonces = createNonces({ secrets, resource, now })
  const memory = createReplayMemory({ capacity, now })
  const verify = async (proof: string, request: ProvenRequest): Promise<string> => {
    const { key, claims } = await openProof(proof, { now: now(), expected: request.key })
    const { iat, jti } = checkClaims(claims, { ...request, target, now: now() })
    if (!nonces.isFresh(claims['nonce'])) {
      throw new TokenError(
        'proof-nonce',
        'the DPoP proof has no nonce of this server, or an old one',
      )
    }
    const id = digest(JSON.stringify([key, jti])).slice(0, 22)
    memory.remember(id, iat * 1000 + tolerance + margin, key)
    return key
  }
  return Object.freeze({ verify, nonce: nonces.current })
}

/** RFC 9449 section 4.3, points 8, 9, 11 and 12 a. */
function checkClaims(
  { htm, htu, iat, jti, ath }: Readonly<Record<string, unknown>>,
  expected: ProvenRequest & { readonly target: string; readonly now: number },
): { readonly iat: number; readonly jti: string } {
  if (typeof jti !== 'string' || jti === '' || jti.length > longestId) throw refusal('jti')
  if (htm !== expected.method) throw refusal('htm')
  if (toTarget(htu) !== expected.target) throw refusal('htu')
  if (typeof iat !== 'number' || !(Math.abs(expected.now - iat * 1000) <= tolerance)) {
    throw refusal('iat')
  }
  if (ath !== digest(expected.token)) throw refusal('ath')
  return { iat, jti }
}

/**
 * A URI without query and fragment, normalised as RFC 9449 section 4.3 asks: case of scheme and host,
 * default port, dot segments. Undefined for anything that is no https URI in plain ASCII.
 */
function toTarget(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || !httpsUri.test(uri) || !URL.canParse(uri)) return undefined
  const { username, password } = new URL(uri)
  return username === '' && password === '' ? withoutQuery(new URL(uri)) : undefined
}

function withoutQuery({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function refusal(claim: string): TokenError {
  return new TokenError('proof', `the DPoP proof has a wrong ${claim}`)
}
