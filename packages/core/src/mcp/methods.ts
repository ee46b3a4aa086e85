import type { Era, MessageForm } from './era.js'
import type { JsonObject } from './json-object.js'
import type { Operation } from './operation.js'
import {
  readCompletion,
  readListenUris,
  readPrompt,
  readResource,
  readTool,
} from './read-target.js'

/** Reads what a message asks for from its params; never answers with an empty list. */
export type OperationReader = (params: JsonObject) => readonly Operation[]

interface Method {
  readonly eras: readonly Era[]
  readonly forms: readonly MessageForm[]
  readonly read: OperationReader
}

const LEGACY: readonly Era[] = ['legacy']
const MODERN: readonly Era[] = ['modern']
const BOTH: readonly Era[] = ['legacy', 'modern']
const REQUEST: readonly MessageForm[] = ['request']
const NOTIFICATION: readonly MessageForm[] = ['notification']
// A server may run a request that came without an id, so those with a target are judged in both forms.
const EITHER: readonly MessageForm[] = ['request', 'notification']

// INVARIANT: a method that is not here is unknown and is refused. `tasks/*` are not here: who owns a
// task is not known yet. A legacy server gets `server/discover` as well: clients that speak both eras
// probe with it, and fall back only if the server itself refuses it.
const methods: ReadonlyMap<string, Method> = new Map([
  lifecycle('initialize', LEGACY, REQUEST),
  lifecycle('server/discover', BOTH, REQUEST),
  lifecycle('ping', LEGACY, REQUEST),
  lifecycle('logging/setLevel', LEGACY, REQUEST),
  lifecycle('tools/list', BOTH, REQUEST),
  lifecycle('prompts/list', BOTH, REQUEST),
  lifecycle('resources/list', BOTH, REQUEST),
  lifecycle('resources/templates/list', BOTH, REQUEST),
  lifecycle('notifications/initialized', LEGACY, NOTIFICATION),
  lifecycle('notifications/cancelled', BOTH, NOTIFICATION),
  lifecycle('notifications/progress', LEGACY, NOTIFICATION),
  lifecycle('notifications/roots/list_changed', LEGACY, NOTIFICATION),
  ['tools/call', { eras: BOTH, forms: EITHER, read: readTool }],
  ['prompts/get', { eras: BOTH, forms: EITHER, read: readPrompt }],
  ['resources/read', { eras: BOTH, forms: EITHER, read: readResource }],
  ['resources/subscribe', { eras: LEGACY, forms: EITHER, read: readResource }],
  ['resources/unsubscribe', { eras: LEGACY, forms: EITHER, read: readResource }],
  ['completion/complete', { eras: BOTH, forms: EITHER, read: readCompletion }],
  ['subscriptions/listen', { eras: MODERN, forms: REQUEST, read: readListen }],
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

function lifecycle(
  method: string,
  eras: readonly Era[],
  forms: readonly MessageForm[],
): [string, Method] {
  const operations: readonly Operation[] = Object.freeze([
    Object.freeze({ kind: 'lifecycle', method }),
  ])
  return [method, { eras, forms, read: () => operations }]
}

/** Without URIs only changes of lists are listened to, which needs no permission. */
function readListen(params: JsonObject): readonly Operation[] {
  const uris = readListenUris(params)
  if (uris.length === 0) return [{ kind: 'lifecycle', method: 'subscriptions/listen' }]
  return uris.map((uri) => ({ kind: 'resource', uri }))
}
