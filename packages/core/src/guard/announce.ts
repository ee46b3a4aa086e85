import type { Policy } from '../policy/policy.js'
import type { GuardContext } from './context.js'
import { warnObserved } from './observed-authority.js'
import type { GuardSettings } from './options.js'
import { warningsOf } from './policy-changes.js'
import type { Tokens } from './tokens.js'

const hiddenMetadata =
  "the metadata for OAuth clients can be read with a certificate only; for clients that read it without one set clientCertificate: 'request' in tlsFromFiles"

function describeSettings({ observing, sessionSecrets }: GuardSettings): string {
  const sessions =
    sessionSecrets === undefined
      ? 'sessions sealed for this process alone (replicas need `sessionSecret`)'
      : 'sessions sealed with `sessionSecret`'
  return observing ? `${sessions}; OBSERVING: what the policy denies is let through` : sessions
}

function describeCredentials(tokens: Tokens | undefined): string {
  if (tokens === undefined) return 'certificate only'
  const needs = {
    both: 'certificate and access token',
    certificate: 'certificate, and access token where the policy asks for one',
    token: 'access token only',
    either: 'certificate or access token',
  }
  return `${needs[tokens.require]}, metadata at ${tokens.metadata.url}`
}

/** Writes the one line of the start, and before it what is odd. */
export function announce(
  { logger, settings, tokens }: GuardContext,
  policy: Policy,
  place: string,
): void {
  const tls = settings.tls?.describe() ?? "the application's own TLS"
  const hidden = tokens !== undefined && settings.tls?.clientCertificate === 'required'
  if (hidden) logger.warn({}, `mcp-mtls: ${hiddenMetadata}`)
  const observed = warnObserved(settings.tls)
  for (const warning of [
    ...(settings.tls?.warnings ?? []),
    ...observed,
    ...warningsOf(settings, policy),
  ])
    logger.warn({}, `mcp-mtls: ${warning}`)
  logger.info(
    { roles: policy.roles, assignments: policy.assignments },
    `mcp-mtls guards ${place}: ${tls}; ${policy.roles.length} roles, ${policy.assignments} assignments; ${describeCredentials(tokens)}; ${describeSettings(settings)}`,
  )
}
