import type { AuditEvent } from './event.js'

/** Takes every event. If it throws, the request it is about is refused: nothing is allowed unaudited. */
export type AuditSink = (event: AuditEvent) => void

/** The three methods of pino's logger this library uses. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Writes events to a logger: allows at info, denials at warn, failures of the server at error. */
export function toLoggerSink(logger: Logger): AuditSink {
  return (event) => {
    if (event.type === 'error') logger.error({ audit: event }, describeEvent(event))
    else if (event.effect !== 'allow') logger.warn({ audit: event }, describeEvent(event))
    else logger.info({ audit: event }, describeEvent(event))
  }
}

/** A logger for applications without one: one JSON object a line on standard error. */
export function createStderrLogger(): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    process.stderr.write(
      `${JSON.stringify({ level, time: new Date().toISOString(), msg: message, ...fields })}\n`,
    )
  }
  return Object.freeze({ info: write('info'), warn: write('warn'), error: write('error') })
}

function describeEvent(event: AuditEvent): string {
  const what = event.operation
    ? `${event.operation.kind} ${event.operation.name}`
    : (event.method ?? event.type)
  const reason = event.reason === undefined ? '' : `: ${event.reason}`
  const hint = event.hint === undefined ? '' : ` (${event.hint})`
  return `mcp-mtls ${event.effect} ${what} for ${event.principal ?? event.subject ?? 'an unknown peer'}${reason}${hint}`
}
