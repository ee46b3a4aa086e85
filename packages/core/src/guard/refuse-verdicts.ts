import type { Answer } from '../http/write-answer.js'
import {
  DENIED,
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  type RequestId,
} from '../mcp/json-rpc-error.js'
import {
  deniedNotification,
  deniedRequest,
  foreignTask,
  refusedBatch,
  unknownMethod,
} from './answer.js'
import type { Call } from './context.js'
import type { Verdict } from './judge.js'

/**
 * The answer to a body of which at least one message is refused. Nothing of it runs; in a batch the
 * requests that were not refused themselves are told that they are invalid as they came.
 *
 * A client of HTTP+SSE reads nothing of an answer to its POST but the status, and would wait for the
 * result on its stream: it is never refused with 200.
 */
export function refuseVerdicts(
  verdicts: readonly Verdict[],
  { body, querySession }: Pick<Call, 'body' | 'querySession'>,
  { denyStatus }: { readonly denyStatus: 200 | 403 },
): Answer {
  const answer = toAnswer(verdicts, Array.isArray(body), denyStatus)
  return querySession !== undefined && answer.status === 200 ? { ...answer, status: 403 } : answer
}

function toAnswer(verdicts: readonly Verdict[], isBatch: boolean, denyStatus: 200 | 403): Answer {
  const errors = verdicts.flatMap(toError)
  if (isBatch && errors.length > 0) return refusedBatch(errors, denyStatus)
  const refused = verdicts.find(({ effect }) => effect !== 'allow')
  if (refused?.message.kind !== 'request') return deniedNotification()
  const { id, era } = refused.message
  if (refused.effect === 'foreign') return foreignTask(id)
  return refused.effect === 'unknown' ? unknownMethod(id, era) : deniedRequest(id, denyStatus)
}

function toError({ effect, message }: Verdict): readonly { id: RequestId; code: number }[] {
  if (message.kind !== 'request') return []
  return [{ id: message.id, code: codes[effect] }]
}

const codes = {
  allow: INVALID_REQUEST,
  deny: DENIED,
  unknown: METHOD_NOT_FOUND,
  foreign: INVALID_PARAMS,
} as const
