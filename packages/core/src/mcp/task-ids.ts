import { RequestError } from '../errors.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { INTERNAL_ERROR, jsonRpcError } from './json-rpc-error.js'
import { isRequestId } from './request-id.js'

/** How the task ids of an answer become those the caller knows; undefined is for tasks it must not be told of. */
export interface TaskSeals {
  /** A task this caller is known to have. */
  readonly known: (taskId: string) => string | undefined
  /** The same, if the caller may also be told of it without having asked for it by its id. */
  readonly visible: (taskId: string) => string | undefined
  /** A task that the answer to the request with this id says was created. */
  readonly created: (taskId: string, requestId: unknown) => string | undefined
}

/** The requests whose `params.taskId` names a task of the server. */
export const TASK_METHODS: ReadonlySet<string> = new Set([
  'tasks/get',
  'tasks/result',
  'tasks/cancel',
  'tasks/update',
])

/** The `_meta` key by which a message says that it belongs to a task. */
export const RELATED_TASK = 'io.modelcontextprotocol/related-task'

// `/status` up to 2025-11-25, without it in the extension of the modern era.
const STATUS = /^notifications\/tasks(?:\/|$)/

/**
 * Puts sealed ids in place of the application's own in one message of an answer, by its shape: a task
 * a request created, the state of a task, lists of tasks, news of tasks, and what says that it belongs
 * to a task. Unknown tasks are left out of lists, news of them and the mark of belonging to one are
 * dropped, and an answer that is about one becomes an error. The message handed in is not changed.
 *
 * Not touched: tasks the client hosts (params of the server's `tasks/*` requests), content of tools,
 * error data.
 *
 * @throws {RequestError} 500 if `tasks` is no array
 * @see MCP 2025-11-25, Tasks: Task Isolation and Access Control; SEP-2663
 */
export function sealTaskIds(message: JsonObject, seals: TaskSeals): JsonObject | undefined {
  return Object.hasOwn(message, 'result')
    ? sealResponse(message, seals)
    : sealParams(message, seals)
}

/**
 * Puts the application's own ids in place of sealed ones in one message of a body. The mark of
 * belonging to a task that `open` does not know is taken out of requests and notifications. That of a
 * response stays: it may be about a task the client hosts, and nothing is asked for by it.
 */
export function openTaskIds(
  message: JsonObject,
  open: (sealed: string) => string | undefined,
): JsonObject {
  const method = message['method']
  const key = typeof method === 'string' ? 'params' : 'result'
  const holder = message[key]
  if (!isJsonObject(holder)) return message
  const target = isTarget(method) ? mapId(holder, open) : holder
  if (target === undefined) throw new Error('a task that was not judged')
  const opened = mapRelated(target, (id) => open(id) ?? (key === 'result' ? id : undefined))
  return opened === holder ? message : { ...message, [key]: opened }
}

function isTarget(method: unknown): boolean {
  return typeof method === 'string' && TASK_METHODS.has(method)
}

function sealResponse(message: JsonObject, seals: TaskSeals): JsonObject | undefined {
  const id = message['id']
  const result = message['result']
  if (!isJsonObject(result)) return message
  const sealed = sealResult(result, id, seals)
  if (sealed === result) return message
  if (sealed !== undefined) return { ...message, result: sealed }
  return isRequestId(id) ? { ...jsonRpcError(id, INTERNAL_ERROR) } : undefined
}

function sealResult(result: JsonObject, id: unknown, seals: TaskSeals): JsonObject | undefined {
  const seal = (taskId: string) => seals.known(taskId) ?? seals.created(taskId, id)
  // Another state of a task than a new one is never what makes the caller its owner.
  const state = result['resultType'] === 'task' ? seal : seals.known
  const outer = isTaskState(result) ? mapId(result, state) : result
  const inner = outer && mapCreated(outer, seal)
  return inner && mapRelated(mapList(inner, seals.visible), seals.known)
}

/** A tool may have a key of its own called `taskId`; a task has a status with it. */
function isTaskState(result: JsonObject): boolean {
  const isTask = Object.hasOwn(result, 'status') || result['resultType'] === 'task'
  return isTask && Object.hasOwn(result, 'taskId')
}

type MapId = (taskId: string) => string | undefined

function mapCreated(result: JsonObject, map: MapId): JsonObject | undefined {
  const task = Object.hasOwn(result, 'task') ? result['task'] : undefined
  if (!isJsonObject(task) || !Object.hasOwn(task, 'taskId')) return result
  const mapped = mapId(task, map)
  return mapped && { ...result, task: mapped }
}

function mapList(result: JsonObject, map: MapId): JsonObject {
  if (!Object.hasOwn(result, 'tasks')) return result
  const list = result['tasks']
  if (!Array.isArray(list)) throw new RequestError(500, INTERNAL_ERROR, 'tasks is not an array')
  if (list.length === 0) return result
  const tasks = list.flatMap((task: unknown) =>
    isJsonObject(task) ? (mapId(task, map) ?? []) : [],
  )
  return { ...result, tasks }
}

function mapId(holder: JsonObject, map: MapId): JsonObject | undefined {
  const taskId = holder['taskId']
  const mapped = typeof taskId === 'string' ? map(taskId) : undefined
  return mapped === undefined ? undefined : { ...holder, taskId: mapped }
}

function mapRelated(holder: JsonObject, map: MapId): JsonObject {
  const meta = holder['_meta']
  if (!isJsonObject(meta) || !Object.hasOwn(meta, RELATED_TASK)) return holder
  const { [RELATED_TASK]: related, ...rest } = meta
  if (!isJsonObject(related) || !Object.hasOwn(related, 'taskId')) return holder
  const mapped = mapId(related, map)
  return { ...holder, _meta: mapped === undefined ? rest : { ...rest, [RELATED_TASK]: mapped } }
}

function sealParams(message: JsonObject, seals: TaskSeals): JsonObject | undefined {
  const method = message['method']
  const params = message['params']
  if (typeof method !== 'string' || !isJsonObject(params)) return message
  const isNews = STATUS.test(method) && Object.hasOwn(params, 'taskId')
  const news = isNews ? mapId(params, seals.visible) : mapSubscribed(params, seals)
  if (news === undefined) return undefined
  const sealed = mapRelated(news, seals.known)
  return sealed === params ? message : { ...message, params: sealed }
}

/** `notifications/subscriptions/acknowledged` repeats the ids of the tasks that are listened to. */
function mapSubscribed(params: JsonObject, seals: TaskSeals): JsonObject {
  const filter = params['notifications']
  if (!isJsonObject(filter) || !Object.hasOwn(filter, 'taskIds')) return params
  const given = [filter['taskIds']].flat()
  if (given.length === 0) return params
  const taskIds = given.flatMap((id) => (typeof id === 'string' ? (seals.visible(id) ?? []) : []))
  return { ...params, notifications: { ...filter, taskIds } }
}
