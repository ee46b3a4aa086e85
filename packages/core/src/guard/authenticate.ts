import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOrigin, isPreflight, preflightAnswer } from '../http/origin.js'
import type { Answer } from '../http/write-answer.js'
import { explainDenial } from '../policy/explain.js'
import { certificateRefused, methodNotAllowed, upgradeRefused, withoutRole } from './answer.js'
import type { Call, GuardContext } from './context.js'
import { andThen, type Outcome } from './outcome.js'
import { sessionsOf } from './sessions.js'

const verbs: ReadonlySet<string | undefined> = new Set(['POST', 'GET', 'DELETE'])

/**
 * Establishes who is calling, before a byte of the body is read. Returns undefined after answering a
 * request that goes no further: a preflight, a principal without any role, another verb, an upgrade.
 *
 * @throws {CertificateError} if the connection gives no identity
 * @throws {RequestError} for a refused Origin or Host, or a session that is not this caller's
 */
export function authenticate(
  context: GuardContext,
  req: IncomingMessage,
  res: ServerResponse,
): Outcome<Call | undefined> {
  if (context.isProbe(req)) return answered(context, res, certificateRefused())
  if (isPreflight(req)) return answered(context, res, preflightAnswer(req, context.settings))
  return andThen(context.policy(), (policy) => meet(context, { req, res, policy }))
}

function meet(
  context: GuardContext,
  { req, res, policy }: Pick<Call, 'req' | 'res' | 'policy'>,
): Call | undefined {
  const principal = context.connections.principal(req, policy)
  const call = { req, res, principal, policy, body: undefined, querySession: undefined }
  if (principal.roles.length === 0 && !context.settings.observing) {
    return refuseStranger(context, call)
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

function refuseStranger(context: GuardContext, { req, res, principal, policy }: Call): undefined {
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
  return answered(context, res, withoutRole())
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
