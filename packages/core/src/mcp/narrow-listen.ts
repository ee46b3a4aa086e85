import { RequestError } from '../errors.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { INVALID_REQUEST } from './json-rpc-error.js'
import type { Operation } from './operation.js'
import { readListenTasks, readListenUris } from './read-target.js'

const LIST_CHANGES = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const

/**
 * The params of a `subscriptions/listen` with only those URIs left that `permits` allows. The server
 * acknowledges what it honours of a filter, so a narrowed request is answered truthfully, and the
 * server is never told of a URI this caller may not read. Of task ids those stay that `openTask`
 * opens, as the server knows them. Kinds of subscription this library does not know are taken out:
 * nobody has judged them.
 *
 * The params handed in are not changed; the server must receive the ones returned.
 *
 * @throws {RequestError} the params hold no filter, or its URIs or task ids are no array of strings.
 * @see MCP 2026-07-28, SubscriptionFilter
 */
export function narrowListen(
  params: unknown,
  permits: (operation: Operation) => boolean,
  openTask: (sealed: string) => string | undefined,
): JsonObject {
  if (!isJsonObject(params)) throw new RequestError(400, INVALID_REQUEST, 'listen without params')
  const uris = readListenUris(params)
  const taskIds = readListenTasks(params)?.flatMap((sealed) => openTask(sealed) ?? [])
  const notifications = narrowFilter(params['notifications'], uris.filter(isReadable))
  const { taskIds: _unread, ...rest } = params
  return { ...rest, notifications: { ...notifications, ...(taskIds && { taskIds }) } }

  function isReadable(uri: string): boolean {
    return permits({ kind: 'resource', uri })
  }
}

function narrowFilter(filter: unknown, uris: readonly string[]): JsonObject {
  const narrowed: Record<string, unknown> = {}
  if (!isJsonObject(filter)) return narrowed
  for (const key of LIST_CHANGES) {
    if (Object.hasOwn(filter, key)) narrowed[key] = filter[key]
  }
  if (Object.hasOwn(filter, 'resourceSubscriptions')) narrowed['resourceSubscriptions'] = uris
  return narrowed
}
