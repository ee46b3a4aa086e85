import { isJsonObject } from './json-object.js'
import type { RequestId } from './json-rpc-error.js'

/** Whether a value can be a request's id. An unsafe integer would come back as another number, and the caller could not match the answer. */
export function isRequestId(id: unknown): id is RequestId {
  return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id))
}

/**
 * The id under which a refused body is answered: that of its one request, `null` where it cannot be
 * told (JSON-RPC 2.0 section 5), is a notification, a response or a batch.
 */
export function requestIdOf(body: unknown): RequestId | null {
  if (!isJsonObject(body) || typeof body['method'] !== 'string') return null
  const id = Object.hasOwn(body, 'id') ? body['id'] : null
  return isRequestId(id) ? id : null
}
