import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditFacts } from '../audit/event.js'
import type { Logger } from '../audit/sinks.js'
import type { TokenError } from '../errors.js'
import type { Answer } from '../http/write-answer.js'
import type { Policy } from '../policy/policy.js'
import type { Principal } from '../policy/principal.js'
import type { ConnectionAge } from './connection-age.js'
import type { Connections } from './connections.js'
import type { GuardSettings } from './options.js'
import type { Outcome } from './outcome.js'
import type { Principals } from './principals.js'
import type { Seals } from './seals.js'
import type { Streams } from './streams.js'
import type { TaskOwners } from './task-owners.js'
import type { Tokens } from './tokens.js'

/** What the steps of one guard share. */
export interface GuardContext {
  readonly settings: GuardSettings
  readonly connections: Connections
  readonly principals: Principals
  readonly connectionAge: ConnectionAge
  /** The OAuth half; undefined where callers are known by their certificate alone. */
  readonly tokens: Tokens | undefined
  readonly logger: Logger
  readonly seals: Seals
  readonly taskOwners: TaskOwners
  /** The policy in force; throws or rejects if there is none. */
  readonly policy: () => Outcome<Policy>
  readonly audit: (facts: AuditFacts) => void
  /** Writes a refusal and remembers that it was this guard that answered. */
  readonly answer: (res: ServerResponse, answer: Answer) => void
  /** Told of every response that is now the application's to write. */
  readonly admitted: Streams['add']
  /** Gives a response up that the application cannot finish. */
  readonly fail: Streams['fail']
  /** Whether the application sent this request to itself, to see whether the guard stands in its way. */
  readonly isProbe: (req: IncomingMessage) => boolean
}

/** One request on its way through the guard: authenticated, and judged against one policy snapshot. */
export interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly principal: Principal
  readonly policy: Policy
  /** The parsed body; undefined for GET and DELETE. */
  readonly body: unknown
  /** The application's own id of the session named in the query (HTTP+SSE); `req.url` holds it already, a parsed query does not. */
  readonly querySession: string | undefined
  /** A token that was refused, and of which the result of a tool call says so. */
  readonly refusedToken?: TokenError | undefined
}
