import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AuditFacts, createAuditEvent } from '../audit/event.js'
import { createStderrLogger, recordEvent, toLoggerSink } from '../audit/sinks.js'
import { writeAnswer } from '../http/write-answer.js'
import type { Policy } from '../policy/policy.js'
import type { TlsSource } from '../tls/tls-source.js'
import { authenticate } from './authenticate.js'
import { authorize } from './authorize.js'
import { createConnections } from './connections.js'
import type { Call, GuardContext } from './context.js'
import type { GuardOptions, GuardSettings } from './options.js'
import { andThen, type Outcome } from './outcome.js'
import { createPolicyChanges } from './policy-changes.js'
import { createPolicySource } from './policy-source.js'
import { type GuardedListener, type ProtectedHandler, protect } from './protect.js'
import { readOptions } from './read-options.js'
import { receiveBody } from './receive-body.js'
import { refuse } from './refuse.js'
import { createSeals } from './seals.js'
import { createStreams } from './streams.js'
import { createTaskOwners } from './task-owners.js'

/** The steps that stand between a socket and one MCP server, in order. */
export interface Guard {
  /** Resolves when the policy is loaded and fits the TLS source; rejects with what is wrong. */
  readonly ready: Promise<void>
  /** Step 1, before the body is read. Undefined: already answered, go no further. */
  authenticate(req: IncomingMessage, res: ServerResponse): Outcome<Call | undefined>
  /** Step 2: reads the body. Undefined: already answered. */
  receive(call: Call): Outcome<Call | undefined>
  /** Step 3: decides, and prepares request and response for the handler. Undefined: already answered. */
  authorize(call: Call): Outcome<Call | undefined>
  /** All three steps; a request already admitted is not judged again. Undefined: already answered. */
  admit(req: IncomingMessage, res: ServerResponse): Promise<Call | undefined>
  /** A listener that runs `handler` for what this guard admits, and answers everything else. */
  protect(handler: ProtectedHandler): GuardedListener
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
      writeAnswer(res, answer)
    },
    admitted: streams.add,
    fail: streams.fail,
    seals: createSeals(settings.sessionSecrets, place),
    taskOwners: createTaskOwners(),
    isProbe: (req) => probes.has(req),
  })
  const source = createPolicySource(settings, createPolicyChanges(context, streams))
  const unsubscribe = settings.tls && auditHandshakes(context, settings.tls)
  const step = createSteps(context)

  return Object.freeze({
    ready: source.loaded.then((policy) => announce(context, policy, place)),
    ...step,
    protect: (handler: ProtectedHandler) => protect(context, step.admit, handler),
    answered: (res: ServerResponse) => answers.has(res),
    expectProbe: (req: IncomingMessage) => void probes.add(req),
    async close(): Promise<void> {
      source.close()
      unsubscribe?.()
      streams.end()
    },
  })
}

function createContext(
  settings: GuardSettings,
  parts: Omit<GuardContext, 'settings' | 'logger' | 'connections' | 'audit'>,
): GuardContext {
  const logger = settings.logger ?? createStderrLogger()
  const sink = settings.audit ?? toLoggerSink(logger)
  return Object.freeze({
    ...parts,
    settings,
    logger,
    connections: createConnections(settings.tls, settings.identity),
    audit: (facts: AuditFacts) => recordEvent(sink, createAuditEvent(facts)),
  })
}

type Steps = Pick<Guard, 'authenticate' | 'receive' | 'authorize' | 'admit'>

function createSteps(context: GuardContext): Steps {
  type Exchange = { req: IncomingMessage; res: ServerResponse } | Call
  const refused = (exchange: Exchange, error: unknown): undefined => {
    refuse(context, exchange, error)
    return undefined
  }
  const refusing = (exchange: Exchange, step: () => Outcome<Call | undefined>) => {
    try {
      const outcome = step()
      return outcome instanceof Promise
        ? outcome.catch((error: unknown) => refused(exchange, error))
        : outcome
    } catch (error) {
      return refused(exchange, error)
    }
  }
  const steps = {
    authenticate: (req: IncomingMessage, res: ServerResponse) =>
      refusing({ req, res }, () => authenticate(context, req, res)),
    receive: (call: Call) => refusing(call, () => receiveBody(context, call)),
    authorize: (call: Call) => refusing(call, () => authorize(context, call)),
  }
  // A guard that stands twice in one chain decides once: the handler gets what was decided on. Kept on the request:
  // a weak map with an entry for every request costs the collector more than the guard costs.
  const admitted = Symbol('mcp-mtls call')
  const decide = (caller: Call) =>
    andThen(steps.receive(caller), (received) => received && steps.authorize(received))
  return {
    ...steps,
    async admit(req: IncomingMessage & { [admitted]?: Call }, res) {
      const before = req[admitted]
      if (before) return before
      // One wait even where nothing is waited for: a short body arrives with its head, and is there after it.
      const caller = await steps.authenticate(req, res)
      return (
        caller &&
        andThen(decide(caller), (call) => {
          if (call) req[admitted] = call
          return call
        })
      )
    },
  }
}

function auditHandshakes(context: GuardContext, tls: TlsSource): () => void {
  return tls.on('refused', (refusal) => {
    context.audit({ type: 'handshake', effect: 'deny', ...refusal })
  })
}

function describeSettings({ observing, sessionSecrets }: GuardSettings): string {
  const sessions =
    sessionSecrets === undefined
      ? 'sessions sealed for this process alone (replicas need `sessionSecret`)'
      : 'sessions sealed with `sessionSecret`'
  return observing ? `${sessions}; OBSERVING: what the policy denies is let through` : sessions
}

function announce({ logger, settings }: GuardContext, policy: Policy, place: string): void {
  const tls = settings.tls?.describe() ?? "the application's own TLS"
  for (const warning of [...(settings.tls?.warnings ?? []), ...policy.warnings])
    logger.warn({}, `mcp-mtls: ${warning}`)
  logger.info(
    { roles: policy.roles, assignments: policy.assignments },
    `mcp-mtls guards ${place}: ${tls}; ${policy.roles.length} roles, ${policy.assignments} assignments; certificate only; ${describeSettings(settings)}`,
  )
}
