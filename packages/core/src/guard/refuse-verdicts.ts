import type { Answer } from '../http/write-answer.js'
import {
  DENIED,
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  type RequestId,
} from '../mcp/json-rpc-error.js'
import type { Principal } from '../policy/principal.js'
import {
  deniedNotification,
  deniedRequest,
  foreignTask,
  refusedBatch,
  unknownMethod,
} from './answer.js'
import {
  challenged,
  challengedInResult,
  challengeFor,
  challengeInResult,
  type Wanted,
} from './challenge-answers.js'
import type { Call, GuardContext } from './context.js'
import type { Verdict } from './judge.js'
import type { Tokens } from './tokens.js'

/**
 * The answer to a body of which at least one message is refused. Nothing of it runs; in a batch the
 * requests that were not refused themselves are told that they are invalid as they came.
 *
 * A client of HTTP+SSE reads nothing of an answer to its POST but the status, and would wait for the
 * result on its stream: it is never refused with 200.
 */
export function refuseVerdicts(
  { settings, tokens }: Pick<GuardContext, 'settings' | 'tokens'>,
  { body, querySession, principal }: Pick<Call, 'body' | 'querySession' | 'principal'>,
  verdicts: readonly Verdict[],
): Answer {
  const overSse = querySession !== undefined
  const { denyStatus } = settings
  const errors = verdicts.flatMap(toError)
  const refused = verdicts.find(({ effect }) => effect !== 'allow')
  const answer =
    Array.isArray(body) && errors.length > 0
      ? refusedBatch(errors, denyStatus)
      : refused?.effect === 'challenge' && tokens !== undefined
        ? challenge(refused, { tokens, principal, overSse })
        : toAnswer(refused, denyStatus)
  return overSse && answer.status === 200 ? { ...answer, status: 403 } : answer
}

function toAnswer(refused: Verdict | undefined, denyStatus: 200 | 403): Answer {
  if (refused?.message.kind !== 'request') return deniedNotification()
  const { id, era } = refused.message
  if (refused.effect === 'foreign') return foreignTask(id)
  return refused.effect === 'unknown' ? unknownMethod(id, era) : deniedRequest(id, denyStatus)
}

interface Challenged {
  readonly tokens: Tokens
  readonly principal: Principal
  readonly overSse: boolean
}

function challenge(
  { message, decisions }: Verdict,
  { tokens, principal, overSse }: Challenged,
): Answer {
  const wanted = joinWanted(decisions.flatMap(({ decision }) => toWanted(decision)))
  const { token } = principal
  if (message.kind !== 'request')
    return challenged(null, wanted, challengeFor(wanted, token, tokens))
  const inResult = principal.challenge === 'tool-result' && message.method === 'tools/call'
  return inResult && !overSse
    ? challengedInResult(message.id, challengeInResult(wanted, token, tokens))
    : challenged(message.id, wanted, challengeFor(wanted, token, tokens))
}

function toWanted(decision: Verdict['decisions'][number]['decision']): readonly Wanted[] {
  return decision.effect === 'challenge' ? [decision] : []
}

/** One challenge for all that a message needs: a client that has to come back for each gives up. */
function joinWanted(wanted: readonly Wanted[]): Wanted {
  const [first] = wanted
  const token = wanted.find(({ wants }) => wants === 'token')
  if (token !== undefined || first === undefined) return token ?? noToken
  const scopes = wanted.flatMap((one) => (one.wants === 'scopes' ? one.scopes : []))
  return { effect: 'challenge', wants: 'scopes', scopes: [...new Set(scopes)], rule: first.rule }
}

const noToken: Wanted = Object.freeze({ effect: 'challenge', wants: 'token', rule: '' })

function toError({ effect, message }: Verdict): readonly { id: RequestId; code: number }[] {
  if (message.kind !== 'request') return []
  return [{ id: message.id, code: codes[effect] }]
}

const codes = {
  allow: INVALID_REQUEST,
  challenge: DENIED,
  deny: DENIED,
  unknown: METHOD_NOT_FOUND,
  foreign: INVALID_PARAMS,
} as const
