import { CertificateError, RequestError } from '../errors.js'
import type { Answer } from '../http/write-answer.js'
import * as codes from '../mcp/json-rpc-error.js'
import { toSseEvent } from '../mcp/sse.js'
import type { AccessToken } from '../oauth/access-token.js'

type Id = codes.RequestId | null

/** The client certificate is missing, untrusted, expired or malformed. */
export function certificateRefused(): Answer {
  return refusal({ status: 403, code: codes.UNAUTHENTICATED, headers: { connection: 'close' } })
}

/**
 * A principal without any role; answered before the body is read. A connection may carry the tokens of many
 * users, so one of them does not end it for the others.
 */
export function withoutRole(token?: AccessToken): Answer {
  const headers: Record<string, string> = token === undefined ? { connection: 'close' } : {}
  return refusal({ status: 403, code: codes.DENIED, headers })
}

/** The policy denies a request: a JSON-RPC error over 200, which both SDK clients hand to their caller with its code. */
export function deniedRequest(id: Id, status: 200 | 403): Answer {
  return refusal({ status, code: codes.DENIED, id })
}

/** A batch of which one message is refused: nothing runs, and every request is told its part. */
export function refusedBatch(
  errors: readonly { readonly id: codes.RequestId; readonly code: number }[],
  status: 200 | 403,
): Answer {
  const body = errors.map(({ id, code }) => codes.jsonRpcError(id, code))
  return { status, headers: {}, body: JSON.stringify(body) }
}

/** The policy denies something sent as a notification, or the notification is unknown. */
export function deniedNotification(): Answer {
  return refusal({ status: 403, code: codes.DENIED })
}

/** A method this revision does not have; the modern transport says so by 404. */
export function unknownMethod(id: Id, era: 'legacy' | 'modern'): Answer {
  return refusal({ status: era === 'modern' ? 404 : 200, code: codes.METHOD_NOT_FOUND, id })
}

/** A task that is not this caller's: another's and an unknown one alike. */
export function foreignTask(id: Id): Answer {
  return refusal({ status: 200, code: codes.INVALID_PARAMS, id })
}

/** Another HTTP method than POST, GET and DELETE. */
export function methodNotAllowed(): Answer {
  return refusal({
    status: 405,
    code: codes.INVALID_REQUEST,
    headers: { allow: 'GET, POST, DELETE' },
  })
}

/** `Upgrade` on a guarded route (threat: an upgraded connection passes no guard). */
export function upgradeRefused(): Answer {
  return refusal({ status: 426, code: codes.INVALID_REQUEST, headers: { connection: 'close' } })
}

/** Something failed inside the server; nothing was forwarded. */
export function internalFailure(): Answer {
  return refusal({ status: 500, code: codes.INTERNAL_ERROR })
}

/** The last events of a stream whose answer cannot be filtered: an error for every request that waits on it. */
export function failureEvents(ids: readonly codes.RequestId[]): string {
  return ids.map((id) => toSseEvent(codes.jsonRpcError(id, codes.INTERNAL_ERROR))).join('')
}

/**
 * The answer to an exception: what cannot be judged is refused, and an unforeseen error is never an
 * allow. `id` names the request in what is said about the message itself; every other text is one
 * constant.
 */
export function toAnswer(error: unknown, id: Id): Answer {
  if (error instanceof CertificateError) return certificateRefused()
  if (!(error instanceof RequestError)) return internalFailure()
  const { status, rpcCode: code } = error
  if (status === 400) return refusal({ status, code, id })
  const headers: Record<string, string> = {}
  if (status === 413) headers['connection'] = 'close'
  if (status === 503) headers['retry-after'] = '5'
  return refusal({ status, code, headers })
}

function refusal(parts: {
  status: number
  code: number
  id?: Id
  headers?: Record<string, string>
}): Answer {
  return {
    status: parts.status,
    headers: parts.headers ?? {},
    body: JSON.stringify(codes.jsonRpcError(parts.id ?? null, parts.code)),
  }
}
