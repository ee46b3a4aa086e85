import { LRUCache } from 'lru-cache'
import type { AccessToken } from './access-token.js'

/** A token, and until when it is believed without being verified again: never past its expiry. */
export interface Believed {
  readonly token: AccessToken
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Tokens that were verified, and tokens that were found not to be active. */
export interface TokenCache {
  /** The token, if it was verified for this very certificate, and is still believed. */
  find(hash: string, thumbprint: string | undefined): AccessToken | undefined
  remember(believed: Believed, thumbprint: string | undefined): void
  isInactive(hash: string): boolean
  rememberInactive(hash: string): void
  clear(): void
}

const most = 10_000
const inactiveFor = 5_000

/**
 * Creates the memory of verified tokens: at most 10,000, by SHA-256 of the token and thumbprint of the
 * certificate it came with, so that a token stolen while it is remembered is verified anew, and never
 * past the end each entry has. That a token is not active is remembered for 5 seconds.
 */
export function createTokenCache(now: () => number): TokenCache {
  const tokens = new LRUCache<string, Believed>({ max: most })
  const inactive = new LRUCache<string, number>({ max: most })
  return Object.freeze({
    find(hash: string, thumbprint: string | undefined) {
      const believed = tokens.get(keyOf(hash, thumbprint))
      return believed !== undefined && now() < believed.until ? believed.token : undefined
    },
    remember(believed: Believed, thumbprint: string | undefined) {
      if (now() < believed.until) tokens.set(keyOf(believed.token.hash, thumbprint), believed)
    },
    isInactive(hash: string) {
      const until = inactive.get(hash)
      return until !== undefined && now() < until
    },
    rememberInactive(hash: string) {
      inactive.set(hash, now() + inactiveFor)
    },
    clear() {
      tokens.clear()
      inactive.clear()
    },
  })
}

function keyOf(hash: string, thumbprint: string | undefined): string {
  return thumbprint === undefined ? hash : `${hash}${thumbprint}`
}
