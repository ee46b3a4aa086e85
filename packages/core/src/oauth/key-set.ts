import {
  type CompactJWSHeaderParameters,
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
} from 'jose'
import { TokenError } from '../errors.js'
import { isJsonObject } from '../mcp/json-object.js'
import { unavailable } from './bounded-fetch.js'

/** Finds the key of one issuer that a token says it is signed with. */
export interface KeySet {
  /**
   * @throws {TokenError} 'signature' where not exactly one key of the issuer fits
   * @throws {RequestError} 503, −32603, where the keys cannot be had
   */
  find(header: CompactJWSHeaderParameters): Promise<CryptoKey>
}

const minute = 60_000
/** A key that is withdrawn is used for no longer, while the authorization server answers. */
const fresh = 10 * minute
/** Keys go on being used for so long after they were last had, while it does not. */
const lastGood = 60 * minute
/** Between two fetches, so that key ids of nobody's cause no more than this. */
const cooldown = 30_000
/** The same, before the first keys were had. */
const retry = 5_000

type Find = ReturnType<typeof createLocalJWKSet>

interface Keys {
  readonly find: Find
  readonly since: number
}

/** Keys that were given: they are there, and never change. */
export function createGivenKeySet(keys: JSONWebKeySet): KeySet {
  const find = createLocalJWKSet(keys)
  return Object.freeze({
    find: async (header: CompactJWSHeaderParameters) =>
      (await choose(find, header)) ?? refuseUnknown(),
  })
}

/**
 * Creates the key set of one issuer out of `load`, which is called when a key is first asked for, after
 * 10 minutes, and for a key id that is not known; never twice at a time, nor within 30 seconds. Where it
 * fails, the keys had last are used on, for an hour since they were had; until there are any it is tried
 * every 5 seconds. One key is chosen by `alg`, `kid` and `use`; where several fit, none is tried.
 */
export function createKeySet(load: () => Promise<unknown>, now: () => number): KeySet {
  let keys: Keys | undefined
  let notBefore = Number.NEGATIVE_INFINITY
  let failing = false
  let pending: Promise<Keys> | undefined

  const reload = async (): Promise<Keys> => {
    const since = now()
    notBefore = since + (keys === undefined ? retry : cooldown)
    try {
      keys = { find: toFind(await load()), since }
      notBefore = since + cooldown
      failing = false
      return keys
    } catch (error) {
      failing = true
      throw error
    }
  }
  const refresh = (): Promise<Keys> => {
    if (pending !== undefined) return pending
    if (now() < notBefore)
      return Promise.reject(unavailable('the keys of the issuer are not available'))
    pending = reload().finally(() => {
      pending = undefined
    })
    return pending
  }
  const current = async (): Promise<Keys> => {
    const held = keys
    if (held === undefined || now() - held.since >= lastGood) return refresh()
    if (now() - held.since < fresh) return held
    const refreshed = refresh().catch(() => held)
    // Once it has failed nobody waits for it: there are keys to go on with.
    return failing ? held : refreshed
  }
  return Object.freeze({
    async find(header: CompactJWSHeaderParameters) {
      const held = await current()
      const key = await choose(held.find, header)
      if (key !== undefined) return key
      // Whether it is a new key or nobody's is only known once the issuer answers again.
      if (pending === undefined && now() < notBefore && !failing) return refuseUnknown()
      return (await choose((await refresh()).find, header)) ?? refuseUnknown()
    },
  })
}

/** The key that fits; undefined if none does, and a fetch may help. */
async function choose(
  find: Find,
  header: CompactJWSHeaderParameters,
): Promise<CryptoKey | undefined> {
  const found = await find(header).catch((error: unknown) =>
    error instanceof errors.JWKSNoMatchingKey ? undefined : 'unusable',
  )
  if (found === 'unusable')
    throw new TokenError('signature', 'not exactly one usable key of the issuer fits')
  return found
}

function refuseUnknown(): never {
  throw new TokenError('signature', 'the issuer has no such key')
}

function toFind(document: unknown): Find {
  if (!isKeySet(document)) throw unavailable('the key set of the issuer cannot be read')
  return createLocalJWKSet(document)
}

function isKeySet(document: unknown): document is JSONWebKeySet {
  return (
    isJsonObject(document) &&
    Array.isArray(document['keys']) &&
    document['keys'].every((key) => isJsonObject(key) && typeof key['kty'] === 'string')
  )
}
