import type { IncomingMessage, ServerResponse } from 'node:http'
import { TokenError } from '../errors.js'
import { checkOrigin, isPreflight, preflightAnswer } from '../http/origin.js'
import type { Answer } from '../http/write-answer.js'
import { explainDenial } from '../policy/explain.js'
import { certificateRefused, methodNotAllowed, upgradeRefused, withoutRole } from './answer.js'
import type { Call, GuardContext } from './context.js'
import { type Caller, identifyCaller } from './identify-caller.js'
import { andThen, type Outcome } from './outcome.js'
import { sessionsOf } from './sessions.js'

const verbs: ReadonlySet<string | undefined> = new Set(['POST', 'GET', 'DELETE'])

/**
 * Establishes who is calling, before a byte of the body is read. Returns undefined after answering a
 * request that goes no further: a preflight, a principal without any role, another verb, an upgrade.
 *
 * @throws {CertificateError} if the connection gives no identity
 * @throws {TokenError} if a token is needed and missing, or refused
 * @throws {RequestError} for a refused Origin or Host, or a session that is not this caller's
 */
export function authenticate(
  context: GuardContext,
  req: IncomingMessage,
  res: ServerResponse,
): Outcome<Call | undefined> {
  if (context.isProbe(req)) return answered(context, res, certificateRefused())
  if (isPreflight(req)) return answered(context, res, preflightAnswer(req, context.settings))
  context.connectionAge.note(req, res)
  return andThen(context.policy(), (policy) =>
    andThen(identifyCaller(context, req, policy), (caller) =>
      meet(context, { req, res, policy }, caller),
    ),
  )
}

function meet(
  context: GuardContext,
  { req, res, policy }: Pick<Call, 'req' | 'res' | 'policy'>,
  { principal, refusedToken }: Caller,
): Call | undefined {
  const call = {
    req,
    res,
    principal,
    policy,
    body: undefined,
    querySession: undefined,
    refusedToken,
  }
  if (principal.roles.length === 0 && !context.settings.observing) {
    const stranger = refuseStranger(context, call)
    if (stranger !== undefined) return answered(context, res, stranger)
  }
  if (!verbs.has(req.method) || req.headers.upgrade !== undefined) return refuseVerb(context, call)
  checkOrigin(req, context.settings)
  const querySession = sessionsOf(context.seals, principal).open(req)
  return querySession === undefined ? call : { ...call, querySession }
}

function answered(context: GuardContext, res: ServerResponse, answer: Answer): undefined {
  context.answer(res, answer)
  return undefined
}

/**
 * The answer to a principal without any role, undefined if it is told of the token it lacks once its tool
 * call is read.
 *
 * @throws {TokenError} if a token could give it one
 */
function refuseStranger(
  context: GuardContext,
  { req, principal, policy }: Call,
): Answer | undefined {
  if (principal.rolesWithToken.length > 0) {
    if (principal.challenge === 'tool-result') return undefined
    throw new TokenError('missing', 'only a token could give the caller a role')
  }
  const operation = { kind: 'lifecycle', method: req.method ?? '' } as const
  context.audit({
    type: 'decision',
    effect: 'deny',
    principal,
    remoteAddress: req.socket.remoteAddress,
    method: req.method,
    reason: 'no-role',
    hint: explainDenial(policy, principal, operation),
  })
  return withoutRole(principal.token)
}

function refuseVerb(context: GuardContext, { req, res, principal }: Call): undefined {
  const upgrade = req.headers.upgrade !== undefined
  context.audit({
    type: 'protocol',
    effect: 'deny',
    principal,
    remoteAddress: req.socket.remoteAddress,
    method: req.method,
    reason: upgrade ? 'upgrade not served' : 'HTTP method not served',
  })
  return answered(context, res, upgrade ? upgradeRefused() : methodNotAllowed())
}
