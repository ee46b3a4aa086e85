import { RequestError } from '../errors.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { INVALID_REQUEST } from './json-rpc-error.js'
import type { Operation } from './operation.js'
import { RELATED_TASK } from './task-ids.js'

// Each is judged at once, and again whenever the policy changes.
const mostSubscriptions = 1_000

const NO_ARGUMENTS: JsonObject = Object.freeze({})

/**
 * The tool a `tools/call` names and the arguments it is called with: the object of the body itself,
 * never a copy and never the `Mcp-Param-*` headers.
 *
 * @throws {RequestError} the name is no string, or the arguments are present and no object.
 */
export function readTool(params: JsonObject): readonly Operation[] {
  const name = readString(params, 'name')
  return [{ kind: 'tool', name, args: readArguments(params) }]
}

/**
 * The prompt a `prompts/get` names and the arguments it is to be made with.
 *
 * @throws {RequestError} the name is no string, or the arguments are present and no object.
 */
export function readPrompt(params: JsonObject): readonly Operation[] {
  const name = readString(params, 'name')
  return [{ kind: 'prompt', name, args: readArguments(params) }]
}

/**
 * The resource a method with `params.uri` names, spelt as it was sent.
 *
 * @throws {RequestError} the URI is no string.
 */
export function readResource(params: JsonObject): readonly Operation[] {
  return [{ kind: 'resource', uri: readString(params, 'uri') }]
}

/**
 * The task a method with `params.taskId` names.
 *
 * @throws {RequestError} the id is no string.
 */
export function readTask(params: JsonObject): readonly Operation[] {
  return [{ kind: 'task', taskId: readString(params, 'taskId') }]
}

/**
 * The task a request says it belongs to, if it says so: servers keep the answer for whoever asks for
 * that task.
 *
 * @throws {RequestError} the mark is there and names no task.
 */
export function readRelatedTask(params: JsonObject): readonly Operation[] {
  const meta = params['_meta']
  if (!isJsonObject(meta) || !Object.hasOwn(meta, RELATED_TASK)) return []
  const related = meta[RELATED_TASK]
  if (!isJsonObject(related)) throw malformed('the related task is not an object')
  return readTask(related)
}

/**
 * What a `completion/complete` refers to. Completions tell what exists, so they need the permission
 * of the thing they complete (MCP completion, Security Considerations).
 *
 * @throws {RequestError} the reference is of no known type, or names nothing.
 */
export function readCompletion(params: JsonObject): readonly Operation[] {
  const ref = params['ref']
  if (!isJsonObject(ref)) throw malformed('ref is not an object')
  switch (ref['type']) {
    case 'ref/prompt':
      return [{ kind: 'prompt', name: readString(ref, 'name'), args: undefined }]
    case 'ref/resource':
      return [toResourceReference(readString(ref, 'uri'))]
    default:
      throw malformed('ref is of no known type')
  }
}

/**
 * The URIs a `subscriptions/listen` asks to be told about, each once, in the order they were sent.
 *
 * @throws {RequestError} there is no filter, or its URIs are no array of strings, or more than 1,000.
 */
export function readListenUris(params: JsonObject): readonly string[] {
  const filter = params['notifications']
  if (!isJsonObject(filter)) throw malformed('notifications is not an object')
  return readStrings(filter, 'resourceSubscriptions') ?? []
}

/**
 * The tasks a `subscriptions/listen` asks to be told about, if it asks for any.
 *
 * @throws {RequestError} the ids are no array of strings, or more than 1,000.
 */
export function readListenTasks(params: JsonObject): readonly string[] | undefined {
  const filter = params['notifications']
  return isJsonObject(filter) ? readStrings(filter, 'taskIds') : undefined
}

function readStrings(from: JsonObject, key: string): readonly string[] | undefined {
  if (!Object.hasOwn(from, key)) return undefined
  const values = from[key]
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) {
    throw malformed(`${key} is not an array of strings`)
  }
  const different = new Set<string>(values)
  if (different.size > mostSubscriptions) throw malformed(`${key} has more than 1,000 entries`)
  return [...different]
}

/** The servers compare the text of a reference literally with their templates and their URIs alike. */
function toResourceReference(uri: string): Operation {
  return uri.includes('{') ? { kind: 'template', uriTemplate: uri } : { kind: 'resource', uri }
}

function readArguments(params: JsonObject): JsonObject {
  if (!Object.hasOwn(params, 'arguments')) return NO_ARGUMENTS
  const value = params['arguments']
  if (isJsonObject(value)) return value
  throw malformed('arguments is not an object')
}

function readString(from: JsonObject, key: string): string {
  const value = from[key]
  if (typeof value === 'string') return value
  throw malformed(`${key} is not a string`)
}

function malformed(what: string): RequestError {
  return new RequestError(400, INVALID_REQUEST, what)
}
