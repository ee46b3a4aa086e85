import type { Logger } from './sinks.js'

/**
 * A logger that never throws, for where nobody could handle it: timers, handlers of events, the answer to
 * an error. The first failure is a warning of the process; what the logger lost stays lost.
 *
 * Not for the audit: there a logger that throws refuses the request.
 */
export function toUnfailingLogger(logger: Logger): Logger {
  let warned = false
  const attempt = (write: () => void): void => {
    try {
      write()
    } catch (error) {
      if (warned) return
      warned = true
      process.emitWarning(`mcp-mtls: the logger failed: ${String(error)}`)
    }
  }
  return Object.freeze({
    info: (fields: object, message: string) => attempt(() => logger.info(fields, message)),
    warn: (fields: object, message: string) => attempt(() => logger.warn(fields, message)),
    error: (fields: object, message: string) => attempt(() => logger.error(fields, message)),
  })
}
