import { isJsonObject } from '../mcp/json-object.js'
import type { Call, GuardContext } from './context.js'

const listen = 'subscriptions/listen'

/**
 * Whether a call stays open for what is to come: GET and `subscriptions/listen`. What it delivers is
 * judged by the policy of that moment; every other call by the one snapshot it was decided on.
 */
export function isLive({ req, body }: Pick<Call, 'req' | 'body'>): boolean {
  return req.method === 'GET' || (isJsonObject(body) && body['method'] === listen)
}

/** The call as it would stand under the policy in force: another policy, and the roles that one gives. */
export function createFollower(context: GuardContext, call: Call): () => Call {
  let latest = call
  return () => {
    const policy = context.policy()
    if (policy instanceof Promise || policy === latest.policy) return latest
    const principal = context.principals(call.principal, policy)
    latest = { ...call, policy, principal }
    return latest
  }
}
