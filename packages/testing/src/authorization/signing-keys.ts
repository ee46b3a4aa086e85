import {
  type CompactJWSHeaderParameters,
  CompactSign,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
} from 'jose'

/** The algorithms an issuer has a key for; any other needs the `key` given with the token. */
const ownAlgorithms = ['ES256', 'EdDSA', 'RS256'] as const

interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicKey: JWK
}

interface SigningRequest {
  readonly payload: string
  readonly alg: string
  readonly header: Readonly<Record<string, unknown>>
  /** Signs in place of the issuer's own key: a symmetric secret, another issuer's key. */
  readonly key?: CryptoKey | Uint8Array
}

/** The keys of a token issuer: one for an algorithm, made when it is first needed. */
export interface SigningKeys {
  sign(request: SigningRequest): Promise<string>
  /** What the issuer publishes, keys kept from before a rotation included. */
  published(): JSONWebKeySet
  /** New keys from now on; those used until now stay published where `keep` says so. */
  rotate(keep: boolean): Promise<void>
}

/** Starts with a key for ES256. */
export async function createSigningKeys(): Promise<SigningKeys> {
  let generation = 1
  let retired: readonly JWK[] = []
  let keys = new Map<string, Promise<SigningKey>>()
  const publicKeys: JWK[] = []
  const generate = (alg: string): Promise<SigningKey> => {
    const known = keys.get(alg)
    if (known) return known
    const made = createKey(alg, `${alg}-${generation}`)
    keys.set(alg, made)
    return made.then((key) => {
      publicKeys.push(key.publicKey)
      return key
    })
  }
  await generate('ES256')
  return {
    sign: async ({ payload, alg, header, key }) => {
      if (alg === 'none') return unsecured(payload, { alg, ...header })
      const own = isOwn(alg) ? await generate(alg) : undefined
      const signer = key ?? own?.privateKey
      if (signer === undefined) throw new Error(`the issuer has no key for ${alg}; give one`)
      const full: CompactJWSHeaderParameters = { alg, ...(own && { kid: own.kid }), ...header }
      return new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader(full)
        .sign(signer)
    },
    published: () => ({ keys: [...publicKeys, ...retired] }),
    async rotate(keep) {
      retired = keep ? [...publicKeys, ...retired] : []
      publicKeys.length = 0
      keys = new Map()
      generation += 1
      await generate('ES256')
    },
  }
}

async function createKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, privateKey, publicKey: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

function isOwn(alg: string): boolean {
  return ownAlgorithms.some((own) => own === alg)
}

/** RFC 7515 appendix A.5. */
function unsecured(payload: string, header: object): string {
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  return `${encode(JSON.stringify(header))}.${encode(payload)}.`
}
