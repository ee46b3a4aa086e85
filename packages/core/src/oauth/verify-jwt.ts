import { type CompactJWSHeaderParameters, compactVerify } from 'jose'
import { TokenError } from '../errors.js'
import type { AccessToken } from './access-token.js'
import { type CompactJws, checkHeader } from './compact-jws.js'
import type { KeySet } from './key-set.js'
import { type Expectation, verifyClaims } from './verify-claims.js'

// INVARIANT: `parsed` was read out of `token`, whose parts are canonical base64url, so that what the
// signature is made over can be read in no other way.
/** A JWT as it came. */
export interface PresentedJwt {
  readonly token: string
  readonly hash: string
  readonly parsed: CompactJws
}

/** How the JWTs of one issuer are verified. */
export interface JwtExpectation extends Expectation {
  readonly algorithms: readonly string[]
  readonly keys: KeySet
}

/**
 * Verifies an access token that is a JWT (RFC 9068 section 4, or as the profile says): algorithm and type
 * first, then the signature by the one key of the issuer that fits, then the claims.
 *
 * @throws {TokenError}
 * @throws {RequestError} 503, −32603, where the keys of the issuer cannot be had
 */
export async function verifyJwt(jwt: PresentedJwt, expected: JwtExpectation): Promise<AccessToken> {
  const { header, claims } = jwt.parsed
  const jwtType = readType(header['typ'])
  const named = checkHeader(header, expected.algorithms)
  if (!expected.profile.jwtTypes.includes(jwtType))
    throw new TokenError(
      'type',
      `the header typ is not that of an access token: ${expected.profile.jwtTypes.join(' or ')} is expected; for a server that differs set its profile`,
    )
  await verifySignature(jwt.token, named, expected)
  return verifyClaims({ claims, hash: jwt.hash, jwtType }, expected)
}

async function verifySignature(
  token: string,
  named: CompactJWSHeaderParameters,
  { algorithms, keys }: JwtExpectation,
): Promise<void> {
  const key = await keys.find(named)
  const verified = await compactVerify(token, key, { algorithms: [...algorithms] }).catch(() => {
    // What a key or the library says of it may repeat the token.
    return undefined
  })
  if (verified === undefined) throw new TokenError('signature', 'the signature does not verify')
}

/** RFC 7515 section 4.1.9: a media type, compared without case, `application/` left out or not. */
function readType(typ: unknown): string {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
}
