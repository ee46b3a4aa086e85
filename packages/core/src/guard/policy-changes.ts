import { PolicyError } from '../errors.js'
import type { Policy } from '../policy/policy.js'
import { warnSharedCertificates } from '../policy/warn-shared-certificates.js'
import type { GuardContext } from './context.js'
import type { GuardSettings } from './options.js'
import type { PolicyChanges } from './policy-source.js'
import type { Streams } from './streams.js'

/** What is odd about a policy, alone and with the authorities of the TLS source. */
export function warningsOf({ tls }: Pick<GuardSettings, 'tls'>, policy: Policy): readonly string[] {
  return [...policy.warnings, ...warnSharedCertificates(policy, tls?.authorities ?? [])]
}

/** Records what becomes of a changed policy file, and lets go of the streams it takes the ground from. */
export function createPolicyChanges(
  { audit, logger, settings }: Pick<GuardContext, 'audit' | 'logger' | 'settings'>,
  streams: Pick<Streams, 'review'>,
): PolicyChanges {
  return Object.freeze({
    onReload(policy: Policy): void {
      const { source, roles, assignments } = policy
      audit({ type: 'policy', effect: 'reload', source })
      logger.info(
        { roles, assignments },
        `mcp-mtls reloaded the policy ${source}: ${roles.length} roles, ${assignments} assignments`,
      )
      for (const warning of warningsOf(settings, policy)) logger.warn({}, `mcp-mtls: ${warning}`)
    },
    onSwap: () => {
      for (const error of streams.review()) {
        logger.error({ err: error }, 'mcp-mtls: the end of a stream could not be recorded')
      }
    },
    onFailure(error: unknown): void {
      const reason = error instanceof Error ? error.message : String(error)
      logger.error({ err: error }, `mcp-mtls keeps the policy it has: ${reason}`)
      try {
        const source = error instanceof PolicyError ? error.source : undefined
        audit({ type: 'policy', effect: 'reload-failed', source, reason })
      } catch (sinkError) {
        logger.error({ err: sinkError }, 'mcp-mtls: the audit sink failed')
      }
    },
  })
}
