import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditEventType } from '../audit/event.js'
import { CertificateError, RequestError, TokenError } from '../errors.js'
import { thumbprint } from '../identity/thumbprint.js'
import { requestIdOf } from '../mcp/request-id.js'
import type { Principal } from '../policy/principal.js'
import { toAnswer } from './answer.js'
import { credentialRefused } from './challenge-answers.js'
import type { GuardContext } from './context.js'

/**
 * Turns whatever prevented a decision into an audit event and the constant answer. Never throws: if
 * even the audit sink fails, the request is still refused.
 */
export function refuse(
  context: GuardContext,
  exchange: { req: IncomingMessage; res: ServerResponse; principal?: Principal; body?: unknown },
  error: unknown,
): void {
  try {
    auditRefusal(context, exchange, error)
  } catch (sinkError) {
    context.logger.error({ err: sinkError }, 'mcp-mtls: the audit sink failed')
  } finally {
    const answer = credentialRefused(error, context.tokens)
    context.answer(exchange.res, answer ?? toAnswer(error, requestIdOf(exchange.body)))
  }
}

/**
 * Records what prevented a decision.
 *
 * @throws whatever the audit sink throws
 */
export function auditRefusal(
  context: GuardContext,
  { req, principal }: { req: IncomingMessage; principal?: Principal },
  error: unknown,
): void {
  const type = typeOf(error)
  if (type === 'error') context.logger.error({ err: error }, `mcp-mtls: ${describeFailure(error)}`)
  context.audit({
    type,
    effect: 'deny',
    principal,
    ...(principal === undefined && describePeer(req)),
    remoteAddress: req.socket.remoteAddress,
    method: req.method,
    ...describeError(error),
  })
}

/** What is missing is not the guard's failure: another server's, or a policy that is not there yet. */
function describeFailure(error: unknown): string {
  return error instanceof RequestError && error.status === 503
    ? `a request cannot be judged now: ${error.message}`
    : 'a request failed inside the guard'
}

function typeOf(error: unknown): AuditEventType {
  if (error instanceof CertificateError || error instanceof TokenError) return 'authentication'
  if (error instanceof RequestError && error.status < 500) return 'protocol'
  return 'error'
}

function describeError(error: unknown): { reason: string; hint?: string } {
  if (error instanceof CertificateError || error instanceof TokenError) {
    return { reason: error.reason, hint: error.message }
  }
  return { reason: error instanceof Error ? error.message : 'a value that is no error was thrown' }
}

/** Names the certificate of a refused peer for the operator, if there is one that can be read. */
export function describePeer({ socket }: IncomingMessage): {
  subject?: string
  thumbprint?: string
} {
  try {
    const read = 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate : undefined
    const certificate = typeof read === 'function' ? read.call(socket) : undefined
    if (!certificate) return {}
    return { subject: certificate.subject, thumbprint: thumbprint(certificate.raw) }
  } catch {
    return {}
  }
}
