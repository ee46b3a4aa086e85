import { RequestError } from '../errors.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { INTERNAL_ERROR } from './json-rpc-error.js'
import type { Operation } from './operation.js'
import { sealTaskIds, type TaskSeals } from './task-ids.js'

/** Filters one message of an answer: the message itself if nothing had to change, `undefined` to drop it. */
export type MessageFilter = (message: unknown) => unknown | undefined

type Permits = (operation: Operation) => boolean

interface ListShape {
  /** The key of `result` that holds the list. */
  readonly list: string
  /** The key of an element that names it. */
  readonly key: string
  readonly isKept: (name: string) => boolean
}

/**
 * Create the filter for what one caller may be told. It goes by the shape of a message, never by the
 * request it answers: a replayed or misdelivered list is filtered like any other. Lists of tools,
 * prompts, resources and templates keep the elements that are permitted, cursors and `ttlMs` stay,
 * `cacheScope` becomes `private`, and `notifications/resources/updated` is dropped unless the resource
 * may be read, which `mayRead` says where more is listed than that. Tasks are those `tasks` knows, under their sealed ids (`sealTaskIds`). Arrays are
 * filtered element by element. The message handed in is never changed.
 *
 * Not touched: params of requests the server sends, errors, content of tool and prompt results,
 * `instructions`, progress and log messages.
 *
 * The filter throws {RequestError} (500) for a message that can be read in two ways, or a list that
 * is no array; such an answer must not be sent.
 */
export function createMessageFilter(
  permits: Permits,
  tasks: TaskSeals = noTasks,
  mayRead: Permits = permits,
): MessageFilter {
  const shapes: readonly ListShape[] = [
    {
      list: 'tools',
      key: 'name',
      isKept: (name) => permits({ kind: 'tool', name, args: undefined }),
    },
    {
      list: 'prompts',
      key: 'name',
      isKept: (name) => permits({ kind: 'prompt', name, args: undefined }),
    },
    { list: 'resources', key: 'uri', isKept: (uri) => permits({ kind: 'resource', uri }) },
    {
      list: 'resourceTemplates',
      key: 'uriTemplate',
      isKept: (uriTemplate) => permits({ kind: 'template', uriTemplate }),
    },
  ]
  return function filterMessage(message: unknown): unknown | undefined {
    if (Array.isArray(message)) return filterBatch(message, filterMessage)
    if (!isJsonObject(message)) return message
    if (Object.hasOwn(message, 'result')) {
      return sealTaskIds(filterResponse(message, shapes), tasks)
    }
    return isHiddenUpdate(message, mayRead) ? undefined : sealTaskIds(message, tasks)
  }
}

function filterBatch(batch: readonly unknown[], filter: MessageFilter): unknown | undefined {
  const filtered = batch.map(filter)
  if (filtered.every((message, index) => message === batch[index])) return batch
  const kept = filtered.filter((message) => message !== undefined)
  return kept.length === 0 ? undefined : kept
}

function filterResponse(message: JsonObject, shapes: readonly ListShape[]): JsonObject {
  // Peers disagree on which of these keys decides what the message is.
  if (Object.hasOwn(message, 'error') || Object.hasOwn(message, 'method')) {
    throw unfilterable('a response that is also an error or a request')
  }
  const result = message['result']
  if (!isJsonObject(result)) return message
  const changes: Record<string, unknown> = {}
  for (const shape of shapes) collectListChange(result, shape, changes)
  if (Object.hasOwn(result, 'cacheScope') && result['cacheScope'] !== 'private') {
    changes['cacheScope'] = 'private'
  }
  if (Object.keys(changes).length === 0) return message
  return { ...message, result: { ...result, ...changes } }
}

function collectListChange(
  result: JsonObject,
  shape: ListShape,
  changes: Record<string, unknown>,
): void {
  if (!Object.hasOwn(result, shape.list)) return
  const list = result[shape.list]
  if (!Array.isArray(list)) throw unfilterable(`${shape.list} is not an array`)
  const kept = list.filter((element) => isKeptElement(element, shape))
  if (kept.length < list.length) changes[shape.list] = kept
}

function isKeptElement(element: unknown, shape: ListShape): boolean {
  const name = isJsonObject(element) ? element[shape.key] : undefined
  return typeof name === 'string' && shape.isKept(name)
}

function isHiddenUpdate(message: JsonObject, mayRead: Permits): boolean {
  if (message['method'] !== 'notifications/resources/updated') return false
  const params = message['params']
  const uri = isJsonObject(params) ? params['uri'] : undefined
  return typeof uri !== 'string' || !mayRead({ kind: 'resource', uri })
}

const noTasks: TaskSeals = Object.freeze({
  known: () => undefined,
  visible: () => undefined,
  created: () => undefined,
})

function unfilterable(what: string): RequestError {
  return new RequestError(500, INTERNAL_ERROR, what)
}
