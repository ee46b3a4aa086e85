import { ConfigurationError } from '../errors.js'
import type { AuditEvent } from './event.js'

/**
 * Takes every event, at once: nothing waits for a promise. If it throws, the request it is about is
 * refused: nothing is allowed unaudited.
 */
export type AuditSink = (event: AuditEvent) => void

/**
 * Hands an event to a sink.
 *
 * @throws whatever the sink throws
 * @throws {ConfigurationError} if it answers with a promise, of which nobody knows yet what becomes
 */
export function recordEvent(sink: AuditSink, event: AuditEvent): void {
  const answer: unknown = sink(event)
  if (typeof answer !== 'object' || answer === null || !('then' in answer)) return
  Promise.resolve(answer).catch(() => undefined)
  throw new ConfigurationError(
    'the audit sink answered with a promise, which nothing waits for: take the event at once, into a queue for example, and throw where that fails',
  )
}

/** The three methods of pino's logger this library uses. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * Writes events to a logger: allows at info, denials at warn, failures of the server at error. Changes of
 * the policy and of the TLS material are left out: the guard itself writes them to its logger, whatever the sink.
 */
export function toLoggerSink(logger: Logger): AuditSink {
  return (event) => {
    if (event.type === 'policy' || event.type === 'tls') return
    if (event.type === 'error') logger.error({ audit: event }, describeEvent(event))
    else if (event.effect !== 'allow') logger.warn({ audit: event }, describeEvent(event))
    else logger.info({ audit: event }, describeEvent(event))
  }
}

/** A logger for applications without one: one JSON object a line on standard error. */
export function createStderrLogger(): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    const line = { level, time: new Date().toISOString(), msg: message, ...fields }
    process.stderr.write(`${JSON.stringify(line, showErrors)}\n`)
  }
  return Object.freeze({ info: write('info'), warn: write('warn'), error: write('error') })
}

// What an error says is not enumerable, so JSON leaves it out.
function showErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const { name, message, stack, cause } = value
  return { ...value, name, message, stack, cause }
}

function describeEvent(event: AuditEvent): string {
  const what = event.operation
    ? `${event.operation.kind} ${event.operation.name}`
    : (event.method ?? event.type)
  const reason = event.reason === undefined ? '' : `: ${event.reason}`
  const hint = event.hint === undefined ? '' : ` (${event.hint})`
  return `mcp-mtls ${event.effect} ${what} for ${nameOf(event)}${reason}${hint}`
}

/** A certificate may have no subject: workloads often have a SPIFFE ID alone. */
function nameOf({ principal, subject, thumbprint }: AuditEvent): string {
  if (principal !== undefined) return principal
  if (subject) return subject
  return thumbprint === undefined ? 'an unknown peer' : `the certificate ${thumbprint}`
}
