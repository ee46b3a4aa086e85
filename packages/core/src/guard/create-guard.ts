import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AuditFacts, createAuditEvent } from '../audit/event.js'
import { createStderrLogger, recordEvent, toLoggerSink } from '../audit/sinks.js'
import { toUnfailingLogger } from '../audit/unfailing-logger.js'
import { corsHeaders } from '../http/origin.js'
import { type Answer, writeAnswer } from '../http/write-answer.js'
import type { TlsSource } from '../tls/tls-source.js'
import { announce } from './announce.js'
import { createConnectionAge } from './connection-age.js'
import { createConnections } from './connections.js'
import type { GuardContext } from './context.js'
import { followTls } from './follow-tls.js'
import { createHealth, type Health } from './health.js'
import { serveMetadata } from './metadata.js'
import type { GuardOptions, GuardSettings } from './options.js'
import { createPolicyChanges } from './policy-changes.js'
import { createPolicySource } from './policy-source.js'
import { createPrincipals } from './principals.js'
import { type GuardedListener, type ProtectedHandler, protect } from './protect.js'
import { readOptions } from './read-options.js'
import { requireCertificate } from './require-certificate.js'
import { createSeals } from './seals.js'
import { createSteps, type Steps } from './steps.js'
import { createStreams } from './streams.js'
import { createTaskOwners } from './task-owners.js'
import { createTokens } from './tokens.js'
import { createVigil } from './vigil.js'

/** The steps that stand between a socket and one MCP server, in order. */
export interface Guard extends Steps {
  /** Resolves when the policy is loaded and fits the TLS source; rejects with what is wrong. */
  readonly ready: Promise<void>
  /** A listener that runs `handler` for what this guard admits, and answers everything else; the metadata of the resource, too. */
  protect(handler: ProtectedHandler): GuardedListener
  /** Answers a request for the metadata of the resource (RFC 9728); false if it is for something else. */
  serveMetadata(req: IncomingMessage, res: ServerResponse): boolean
  /** Where the metadata is served; empty without OAuth. */
  readonly metadataPaths: readonly string[]
  /**
   * For routes beside the guarded one: whether a request may pass, because the listener knows its certificate or `route`
   * is open. False: already answered.
   */
  requireCertificate(req: IncomingMessage, res: ServerResponse, route?: string): boolean
  /** Answers for probes, which have no certificate. */
  readonly health: Health
  /** Whether a response was answered by this guard rather than by the application. */
  answered(res: ServerResponse): boolean
  /** Announces a request the application sends to itself to see whether this guard stands in its way; refused without an event. */
  expectProbe(req: IncomingMessage): void
  /** Ends open streams, and the watch on the policy file, and stops listening to the TLS source; later requests are answered 503. */
  close(): Promise<void>
}

/**
 * Creates the guard of one MCP server: certificate, identity, role, decision. `place` is what the
 * startup line says is guarded. The steps never reject: whatever fails is a refusal.
 *
 * @throws {ConfigurationError} for a wrong option; a policy that cannot be used rejects `ready`
 */
export function createGuard(options: GuardOptions, place = 'a request listener'): Guard {
  const settings = readOptions(options)
  const answers = new WeakSet<ServerResponse>()
  const probes = new WeakSet<IncomingMessage>()
  const streams = createStreams()
  const context = createContext(settings, {
    policy: () => source.current(),
    answer: (res, answer) => {
      answers.add(res)
      writeAnswer(res, readable(settings, res, answer))
    },
    admitted: streams.add,
    fail: streams.fail,
    seals: createSeals(settings.sessionSecrets, place),
    taskOwners: createTaskOwners(),
    isProbe: (req) => probes.has(req),
  })
  const source = createPolicySource(settings, createPolicyChanges(context, streams))
  const vigil = createVigil(context, streams)
  const unsubscribe = settings.tls && followTls(context, settings.tls, vigil)
  const step = createSteps(context)
  const health = createHealth(() => [...source.problems(), ...tlsProblems(settings.tls)])

  return Object.freeze({
    ready: source.loaded.then((policy) => announce(context, policy, place)),
    ...step,
    protect: (handler: ProtectedHandler) => protect(context, step.admit, handler),
    serveMetadata: (req: IncomingMessage, res: ServerResponse) => serveMetadata(context, req, res),
    metadataPaths: context.tokens?.metadata.paths ?? [],
    requireCertificate: (req: IncomingMessage, res: ServerResponse, route?: string) =>
      requireCertificate(context, { req, res }, route),
    health,
    answered: (res: ServerResponse) => answers.has(res),
    expectProbe: (req: IncomingMessage) => void probes.add(req),
    async close(): Promise<void> {
      source.close()
      unsubscribe?.()
      vigil.close()
      health.close()
      context.tokens?.close()
      streams.end()
    },
  })
}

function createContext(
  settings: GuardSettings,
  parts: Omit<
    GuardContext,
    'settings' | 'logger' | 'connections' | 'connectionAge' | 'principals' | 'tokens' | 'audit'
  >,
): GuardContext {
  const logger = settings.logger ?? createStderrLogger()
  const sink = settings.audit ?? toLoggerSink(logger)
  return Object.freeze({
    ...parts,
    settings,
    logger: toUnfailingLogger(logger),
    connections: createConnections(settings.tls),
    principals: createPrincipals(settings.identity, settings.tls),
    connectionAge: createConnectionAge(settings.maxConnectionAge),
    tokens: createTokens(settings),
    audit: (facts: AuditFacts) => recordEvent(sink, createAuditEvent(facts)),
  })
}

/** A challenge is of no use to a page of an allowed origin that may not read it. */
function readable(settings: GuardSettings, res: ServerResponse, answer: Answer): Answer {
  if (answer.headers['www-authenticate'] === undefined) return answer
  try {
    return { ...answer, headers: { ...answer.headers, ...corsHeaders(res.req, settings) } }
  } catch {
    return answer
  }
}

function tlsProblems(tls: TlsSource | undefined): readonly string[] {
  return tls === undefined || tls.status().ready ? [] : ['no certificate or CA in force is valid']
}
