import { randomUUID } from 'node:crypto'
import type { Operation } from '../mcp/operation.js'
import type { Principal } from '../policy/principal.js'
import { escapeText } from './escape.js'

/**
 * What an event is about: a decision of the policy, a peer that could not be authenticated, a TLS
 * handshake that was refused, a request that could not be judged, a change of the policy file, or a
 * failure of the server itself.
 */
export type AuditEventType =
  | 'decision'
  | 'authentication'
  | 'handshake'
  | 'protocol'
  | 'policy'
  | 'tls'
  | 'error'

/** What became of it; of a change of the policy, whether it is in force now or the one before it stays. */
export type AuditEffect =
  | 'allow'
  | 'challenge'
  | 'deny'
  | 'would-deny'
  | 'reload'
  | 'reload-failed'
  | 'expiring'

/**
 * One structured record. Never holds tool arguments, tokens or bodies; every text that came from a
 * peer is escaped and cut to 128 characters.
 */
export interface AuditEvent {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly time: string
  readonly type: AuditEventType
  /** `would-deny`: denied by the policy, or without the certificate it needs, and let through because the guard only observes. */
  readonly effect: AuditEffect
  readonly principal?: string
  readonly roles?: readonly string[]
  /** `x5t#S256` of the peer certificate. */
  readonly thumbprint?: string
  readonly subject?: string
  readonly remoteAddress?: string
  /** JSON-RPC method, or the HTTP method where there is no JSON-RPC message. */
  readonly method?: string
  readonly operation?: { readonly kind: Operation['kind']; readonly name: string }
  /** The place in the policy that decided. */
  readonly rule?: string
  /** The policy file that was reloaded. */
  readonly source?: string
  /** Why not: a stable word or an error's message. */
  readonly reason?: string
  /** What the operator can do about it. */
  readonly hint?: string
}

/** The parts of an event its writer knows; texts of the peer are escaped here and nowhere else. */
export interface AuditFacts {
  readonly type: AuditEventType
  readonly effect: AuditEffect
  readonly principal?: Principal | undefined
  readonly thumbprint?: string | undefined
  readonly subject?: string | undefined
  readonly remoteAddress?: string | undefined
  readonly method?: string | undefined
  readonly operation?: Operation | undefined
  readonly rule?: string | undefined
  readonly source?: string | undefined
  readonly reason?: string | undefined
  readonly hint?: string | undefined
}

/** Makes the frozen event of some facts, with an id and the time. */
export function createAuditEvent(facts: AuditFacts): AuditEvent {
  const { operation, remoteAddress, method, rule, source, reason, hint } = facts
  const event: Writable<AuditEvent> = {
    id: nextId(),
    time: toIsoTime(Date.now()),
    type: facts.type,
    effect: facts.effect,
  }
  writePeer(event, facts)
  if (remoteAddress !== undefined) event.remoteAddress = escapeText(remoteAddress)
  if (method !== undefined) event.method = escapeText(method)
  if (operation) event.operation = { kind: operation.kind, name: escapeText(nameOf(operation)) }
  if (rule !== undefined) event.rule = rule
  if (source !== undefined) event.source = source
  if (reason !== undefined) event.reason = escapeLong(reason)
  if (hint !== undefined) event.hint = escapeLong(hint)
  return Object.freeze(event)
}

// Random for each process, then counted: as unique as a random one for every event, at a tenth of the cost.
const series = randomUUID().slice(0, -12)
let count = 0

function nextId(): string {
  count += 1
  return `${series}${count.toString(16).padStart(12, '0')}`
}

/** An event on its way; every request makes one, so it is written field by field and not joined of parts. */
type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

function writePeer(event: Writable<AuditEvent>, facts: AuditFacts): void {
  const { principal, thumbprint, subject } = facts
  if (principal) {
    event.principal = escapeText(principal.name)
    event.roles = principal.roles
    const { certificate } = principal
    if (certificate !== undefined) event.thumbprint = certificate.thumbprint
  }
  if (thumbprint !== undefined) event.thumbprint = escapeText(thumbprint)
  if (subject !== undefined) event.subject = escapeText(subject)
}

// Many events fall into one millisecond, and writing a time costs more than the rest of an event.
let written = { milliseconds: 0, text: '1970-01-01T00:00:00.000Z' }

function toIsoTime(milliseconds: number): string {
  if (written.milliseconds !== milliseconds) {
    written = { milliseconds, text: new Date(milliseconds).toISOString() }
  }
  return written.text
}

function nameOf(operation: Operation): string {
  switch (operation.kind) {
    case 'tool':
    case 'prompt':
      return operation.name
    case 'resource':
      return operation.uri
    case 'template':
      return operation.uriTemplate
    case 'task':
      return operation.taskId
    case 'lifecycle':
    case 'method':
      return operation.method
  }
}

function escapeLong(text: string): string {
  return escapeText(text, 1024)
}
