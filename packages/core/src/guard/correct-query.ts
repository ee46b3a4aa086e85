import type { Call } from './context.js'

/**
 * A query as a framework parsed it before the guard ran, with the application's own session id in place
 * of the sealed one (HTTP+SSE of 2024-11-05). A `sessionId` that some parser found and the guard did not
 * is left out, so that no spelling of it reaches the application unsealed.
 */
export function correctQuery<Query>(query: Query, { querySession }: Call): Query {
  if (typeof query !== 'object' || query === null) return query
  if (querySession === undefined && !('sessionId' in query)) return query
  const { sessionId: _, ...others }: Query & { sessionId?: unknown } = query
  return Object.assign(others, querySession !== undefined && { sessionId: querySession }) as Query
}
