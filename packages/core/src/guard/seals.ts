import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** What is sealed: the application's own text, whose it is, and what kind of thing it names. */
export interface Sealed {
  readonly label: 'session' | 'task' | 'event'
  readonly owner: string
  readonly text: string
}

/** Ties the application's ids to their owners without storing them. */
export interface Seals {
  /** `<text>.<key id>.<base64url HMAC-SHA256>`; the same input gives the same text. */
  readonly seal: (sealed: Sealed) => string
  /** The text of a sealed id; undefined if it is not sealed, or for another owner, guard or label. */
  readonly open: (sealed: Sealed) => string | undefined
}

interface Key {
  readonly id: string
  readonly secret: string
}

const shape = /^(?<text>.+)\.(?<id>[\w-]{8})\.(?<mac>[\w-]{43})$/s
// Session ids are header values; anything longer is no id of ours.
const longest = 4096

/**
 * Creates the seals of one guard. The first secret seals, all verify, so that a secret can be replaced
 * while ids sealed with the former are in use. `place` keeps guards that share a secret apart.
 */
export function createSeals(secrets: readonly string[] | undefined, place: string): Seals {
  const keys = (secrets ?? [randomBytes(32).toString('base64url')]).map(toKey)
  const [first = toKey(randomBytes(32).toString('base64url'))] = keys
  return Object.freeze({
    seal: (sealed: Sealed) => `${sealed.text}.${first.id}.${authenticate(first, place, sealed)}`,
    open: ({ label, owner, text: given }: Sealed) => {
      const { text, id, mac } = (given.length <= longest && shape.exec(given)?.groups) || {}
      const key = keys.find((candidate) => candidate.id === id)
      if (text === undefined || mac === undefined || key === undefined) return undefined
      return isEqual(mac, authenticate(key, place, { label, owner, text })) ? text : undefined
    },
  })
}

function toKey(secret: string): Key {
  const id = createHash('sha256').update(`mcp-mtls key id\0${secret}`).digest('base64url')
  return { id: id.slice(0, 8), secret }
}

function authenticate({ secret }: Key, place: string, { label, owner, text }: Sealed): string {
  // JSON keeps the parts from running together.
  const input = JSON.stringify([label, place, owner, text])
  return createHmac('sha256', secret).update(input).digest('base64url')
}

function isEqual(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}
