import type { IncomingMessage } from 'node:http'
import { TokenError } from '../errors.js'
import type { AccessToken } from '../oauth/access-token.js'
import { type Challenges, createChallenges } from '../oauth/challenge.js'
import { confirmBinding } from '../oauth/confirm-binding.js'
import { createProofVerifier, type ProofVerifier } from '../oauth/dpop.js'
import type { OAuthOptions } from '../oauth/options.js'
import { type Credential, readCredential } from '../oauth/read-credential.js'
import { createResourceMetadata, type ResourceMetadata } from '../oauth/resource-metadata.js'
import { createTokenVerification } from '../oauth/verify-access-token.js'
import { createClientMap, type TokenSender } from './client-map.js'
import type { GuardSettings } from './options.js'
import { andThen, type Outcome } from './outcome.js'

/** Which credentials a caller needs. */
export type Requirement = NonNullable<OAuthOptions['require']>

/** The OAuth half of a guard. */
export interface Tokens {
  readonly require: Requirement
  readonly challenges: Challenges
  readonly metadata: ResourceMetadata
  /** What a client that proves its tokens by a key has to put into its next proof. */
  readonly proofNonce: () => string | undefined
  /**
   * The token of a request: verified, for this resource, and bound to the certificate of its connection
   * where it is bound at all. Undefined if the request carries none.
   *
   * @throws {TokenError} if it is refused
   * @throws {RequestError} 400 if it is not sent as RFC 6750 says; 503 if it cannot be verified now
   */
  read(req: IncomingMessage, sender: TokenSender): Outcome<AccessToken | undefined>
  close(): void
}

/** Creates the OAuth half of a guard; undefined without the option `oauth`. */
export function createTokens({
  oauth,
  identity,
  sessionSecrets: secrets,
}: GuardSettings): Tokens | undefined {
  if (oauth === undefined) return undefined
  const verification = createTokenVerification(oauth)
  const proofs = oauth.dpop
    ? createProofVerifier({ resource: oauth.resource, ...(secrets && { secrets }) })
    : undefined
  const mayAct = createClientMap(oauth.clients, identity)
  const required = oauth.binding === 'required'
  const metadata = createResourceMetadata(oauth, { bound: required, dpop: proofs !== undefined })
  return Object.freeze({
    require: oauth.require ?? 'both',
    metadata,
    challenges: createChallenges({
      resourceMetadataUrl: metadata.url,
      scopes: oauth.scopes,
      dpop: proofs !== undefined,
    }),
    proofNonce: () => proofs?.nonce(),
    read(req: IncomingMessage, sender: TokenSender) {
      const credential = readCredential(req.rawHeaders, req.url ?? '')
      if (credential === undefined) return undefined
      const thumbprint = sender.certificate?.thumbprint
      return andThen(verification.verify(credential.token, thumbprint), (token) =>
        andThen(verifyProof(proofs, credential, { req, token }), (proofKey) => {
          confirmBinding(token, { thumbprint, required, scheme: credential.scheme, proofKey })
          mayAct(sender, token)
          return token
        }),
      )
    },
    close: () => verification.close(),
  })
}

/** The thumbprint of the key a proof was made with; undefined for a token that is not bound to one. */
function verifyProof(
  proofs: ProofVerifier | undefined,
  { scheme, token: text, proof }: Credential,
  { req, token }: { readonly req: IncomingMessage; readonly token: AccessToken },
): Outcome<string | undefined> {
  const { key } = token.binding
  // What proves nothing takes no room among the proofs that are remembered.
  if (scheme === 'bearer' || key === undefined) return undefined
  if (proofs === undefined) throw new TokenError('proof', 'proofs of possession are not enabled')
  if (proof === undefined) throw new TokenError('proof', 'the request carries no proof')
  return proofs.verify(proof, { method: req.method ?? '', token: text, key })
}
