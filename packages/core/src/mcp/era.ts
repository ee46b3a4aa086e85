import { RequestError } from '../errors.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { HEADER_MISMATCH, INVALID_PARAMS } from './json-rpc-error.js'

/**
 * The two ways MCP speaks: `legacy` up to 2025-11-25 (the `initialize` handshake, sessions), `modern`
 * from 2026-07-28 (an envelope in every request's `_meta`, no sessions).
 */
export type Era = 'legacy' | 'modern'

/** The form of a message that names a method. */
export type MessageForm = 'request' | 'notification'

/** The era of one message, and the protocol version its body claims. */
export interface EraReading {
  readonly era: Era
  readonly version: string | undefined
}

const FIRST_MODERN_VERSION = '2026-07-28'
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities'
const LEGACY: EraReading = Object.freeze({ era: 'legacy', version: undefined })

/** Whether a protocol version is of the modern era. Versions are ISO dates, so text order is time order. */
export function isModernVersion(version: string | undefined): boolean {
  return version !== undefined && version >= FIRST_MODERN_VERSION
}

/** Whether the params of a message carry the modern envelope's version key, whatever its value. */
export function claimsModern(params: unknown): boolean {
  return Object.hasOwn(readMeta(params), VERSION_KEY)
}

/**
 * Read the era of one message from its body. The `MCP-Protocol-Version` header never moves a request
 * from one era to the other; it decides only for notifications without a claim, which have nothing
 * else to go by. The rules are those by which the servers of both eras route a message.
 *
 * Not checked: the rest of the envelope, whether the server supports the version, and whether the
 * header equals the claim (`checkHeaderAgreement`).
 *
 * @throws {RequestError} the claim is no string, or the header names a modern version and a request has no claim.
 */
export function readEra(
  message: { readonly form: MessageForm; readonly method: string; readonly params: unknown },
  protocolVersion: string | undefined,
): EraReading {
  if (isHandshake(message)) return readHandshakeEra(protocolVersion)
  if (claimsModern(message.params)) return { era: 'modern', version: readClaim(message.params) }
  if (!isModernVersion(protocolVersion)) return LEGACY
  if (message.form === 'notification') return { era: 'modern', version: undefined }
  throw new RequestError(400, INVALID_PARAMS, 'a modern version header without an envelope')
}

/** `initialize` belongs to the legacy handshake, unless a complete modern envelope claims it. */
function isHandshake(message: { form: MessageForm; method: string; params: unknown }): boolean {
  if (message.form !== 'request' || message.method !== 'initialize') return false
  const meta = readMeta(message.params)
  const version = meta[VERSION_KEY]
  const enveloped = typeof version === 'string' && isModernVersion(version)
  return !(enveloped && isJsonObject(meta[CAPABILITIES_KEY]))
}

function readHandshakeEra(protocolVersion: string | undefined): EraReading {
  if (!isModernVersion(protocolVersion)) return LEGACY
  throw new RequestError(400, HEADER_MISMATCH, 'initialize with a modern version header')
}

function readClaim(params: unknown): string {
  const version = readMeta(params)[VERSION_KEY]
  if (typeof version === 'string') return version
  throw new RequestError(400, INVALID_PARAMS, 'the claimed protocol version is not a string')
}

function readMeta(params: unknown): JsonObject {
  const meta = isJsonObject(params) ? params['_meta'] : undefined
  return isJsonObject(meta) ? meta : {}
}
