import type { Era, MessageForm } from './era.js'
import type { JsonObject } from './json-object.js'
import type { Operation } from './operation.js'
import {
  readCompletion,
  readListenUris,
  readPrompt,
  readResource,
  readTask,
  readTool,
} from './read-target.js'

/** Reads what a message asks for from its params; never answers with an empty list. */
export type OperationReader = (params: JsonObject) => readonly Operation[]

/**
 * What decides on a method that MCP defines: every `role` may use it, the permissions of a role for
 * what it names do (`completion`: prompts or resources), the `ownership` of a task does, or it is for
 * the `server` to send.
 */
export type MethodGovernor =
  | 'role'
  | 'tools'
  | 'prompts'
  | 'resources'
  | 'completion'
  | 'ownership'
  | 'server'

interface Method {
  readonly eras: readonly Era[]
  readonly forms: readonly MessageForm[]
  readonly read: OperationReader
  readonly governor: MethodGovernor
}

const LEGACY: readonly Era[] = ['legacy']
const MODERN: readonly Era[] = ['modern']
const BOTH: readonly Era[] = ['legacy', 'modern']
const REQUEST: readonly MessageForm[] = ['request']
const NOTIFICATION: readonly MessageForm[] = ['notification']
// A server may run a request that came without an id, so those with a target are judged in both forms.
const EITHER: readonly MessageForm[] = ['request', 'notification']

// INVARIANT: a method that is not here is unknown and is refused, unless a policy names it. A legacy
// server gets `server/discover` as well: clients that speak both eras probe with it, and fall back
// only if the server itself refuses it.
const methods: ReadonlyMap<string, Method> = new Map([
  lifecycle('initialize', LEGACY, REQUEST),
  lifecycle('server/discover', BOTH, REQUEST),
  lifecycle('ping', LEGACY, REQUEST),
  lifecycle('logging/setLevel', LEGACY, REQUEST),
  lifecycle('tools/list', BOTH, REQUEST),
  lifecycle('prompts/list', BOTH, REQUEST),
  lifecycle('resources/list', BOTH, REQUEST),
  lifecycle('resources/templates/list', BOTH, REQUEST),
  lifecycle('tasks/list', LEGACY, REQUEST),
  lifecycle('notifications/initialized', LEGACY, NOTIFICATION),
  lifecycle('notifications/cancelled', BOTH, NOTIFICATION),
  lifecycle('notifications/progress', LEGACY, NOTIFICATION),
  lifecycle('notifications/roots/list_changed', LEGACY, NOTIFICATION),
  // About a task the client hosts.
  lifecycle('notifications/tasks/status', LEGACY, NOTIFICATION),
  targeted('tools/call', BOTH, { read: readTool, governor: 'tools' }),
  targeted('prompts/get', BOTH, { read: readPrompt, governor: 'prompts' }),
  targeted('resources/read', BOTH, { read: readResource, governor: 'resources' }),
  targeted('resources/subscribe', LEGACY, { read: readResource, governor: 'resources' }),
  targeted('resources/unsubscribe', LEGACY, { read: readResource, governor: 'resources' }),
  targeted('completion/complete', BOTH, { read: readCompletion, governor: 'completion' }),
  targeted('tasks/get', BOTH, { read: readTask, governor: 'ownership' }),
  targeted('tasks/cancel', BOTH, { read: readTask, governor: 'ownership' }),
  targeted('tasks/result', LEGACY, { read: readTask, governor: 'ownership' }),
  targeted('tasks/update', MODERN, { read: readTask, governor: 'ownership' }),
  [
    'subscriptions/listen',
    { eras: MODERN, forms: REQUEST, read: readListen, governor: 'resources' },
  ],
])

const fromServer: readonly string[] = [
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/elicitation/complete',
  'notifications/subscriptions/acknowledged',
]

// In lower case: a server that takes methods in any case runs the same one for all of its spellings.
const governors: ReadonlyMap<string, MethodGovernor> = new Map([
  ...[...methods].map(([method, { governor }]) => [method.toLowerCase(), governor] as const),
  ...fromServer.map((method) => [method.toLowerCase(), 'server'] as const),
])

/**
 * How to read the operations of a method, or `undefined` if the method does not exist in this era
 * and form. Names are compared exactly: no case folding, no trimming.
 */
export function findOperationReader(
  method: string,
  era: Era,
  form: MessageForm,
): OperationReader | undefined {
  const found = methods.get(method)
  if (found === undefined) return undefined
  return found.eras.includes(era) && found.forms.includes(form) ? found.read : undefined
}

/**
 * What decides on a method of MCP itself, of any era and in any case, or `undefined` for a method that
 * is not MCP's own. The methods of tasks are taken by their namespace, so later ones are among them.
 */
export function findGovernor(method: string): MethodGovernor | undefined {
  const name = method.toLowerCase()
  return /^(?:notifications\/)?tasks(?:\/|$)/.test(name) ? 'ownership' : governors.get(name)
}

function lifecycle(
  method: string,
  eras: readonly Era[],
  forms: readonly MessageForm[],
): [string, Method] {
  const operations: readonly Operation[] = Object.freeze([
    Object.freeze({ kind: 'lifecycle', method }),
  ])
  return [method, { eras, forms, read: () => operations, governor: 'role' }]
}

function targeted(
  method: string,
  eras: readonly Era[],
  reading: Pick<Method, 'read' | 'governor'>,
): [string, Method] {
  return [method, { eras, forms: EITHER, ...reading }]
}

/** Without URIs only changes of lists are listened to, which needs no permission. */
function readListen(params: JsonObject): readonly Operation[] {
  const uris = readListenUris(params)
  if (uris.length === 0) return [{ kind: 'lifecycle', method: 'subscriptions/listen' }]
  return uris.map((uri) => ({ kind: 'resource', uri }))
}
