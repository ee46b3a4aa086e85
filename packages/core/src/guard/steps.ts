import type { IncomingMessage, ServerResponse } from 'node:http'
import { authenticate } from './authenticate.js'
import { authorize } from './authorize.js'
import type { Call, GuardContext } from './context.js'
import { andThen, type Outcome } from './outcome.js'
import { receiveBody } from './receive-body.js'
import { refuse } from './refuse.js'

/** What a request goes through, in order. No step rejects: whatever fails is answered, and nothing comes of it. */
export interface Steps {
  /** Step 1, before the body is read. Undefined: already answered, go no further. */
  authenticate(req: IncomingMessage, res: ServerResponse): Outcome<Call | undefined>
  /** Step 2: reads the body. Undefined: already answered. */
  receive(call: Call): Outcome<Call | undefined>
  /** Step 3: decides, and prepares request and response for the handler. Undefined: already answered. */
  authorize(call: Call): Outcome<Call | undefined>
  /** All three steps; a request already admitted is not judged again. Undefined: already answered. */
  admit(req: IncomingMessage, res: ServerResponse): Promise<Call | undefined>
}

/** Makes the steps of one guard. */
export function createSteps(context: GuardContext): Steps {
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
