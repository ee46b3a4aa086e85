import { RequestError } from '../errors.js'
import { claimsModern, type Era, isModernVersion, type MessageForm, readEra } from './era.js'
import { isJsonObject, type JsonObject } from './json-object.js'
import { INVALID_REQUEST, type RequestId } from './json-rpc-error.js'
import { findOperationReader } from './methods.js'
import type { Operation } from './operation.js'
import { readRelatedTask } from './read-target.js'
import { isRequestId } from './request-id.js'

interface Judged {
  readonly era: Era
  /** Whether the method exists in this era and form. An unknown one is refused unless the policy names it. */
  readonly known: boolean
  /** What the message asks for, at least one operation; of an unknown method the method itself. Last the task a request belongs to. */
  readonly operations: readonly Operation[]
}

interface MethodMessage extends Judged {
  readonly method: string
  /** The protocol version the body claims; `undefined` without a claim. */
  readonly version: string | undefined
}

/** One message of a request body, as far as a decision needs it. */
export type Message =
  | (MethodMessage & { readonly kind: 'request'; readonly id: RequestId })
  | (MethodMessage & { readonly kind: 'notification' })
  /** The client's answer to a request of the server: sampling, elicitation, roots. */
  | (Judged & { readonly kind: 'response' })

const RESPONSE: Message = Object.freeze({
  kind: 'response',
  era: 'legacy',
  known: true,
  operations: Object.freeze([Object.freeze({ kind: 'lifecycle', method: 'response' })]),
})

/** What around a body is needed to read it. */
export interface MessageContext {
  /** The most messages an array may hold; 0 refuses arrays. */
  readonly batch: number
  /** The value of the `MCP-Protocol-Version` header. */
  readonly protocolVersion: string | undefined
}

/**
 * Read the messages of a request body, in order; a body that is no array holds one. Everything is
 * read from the body: which method, which target, which arguments, which era.
 *
 * Not checked: prototype keys, keys that differ only in case and duplicate keys (they are refused
 * where the body is parsed), agreement with the headers (`checkHeaderAgreement`), permission.
 *
 * @throws {RequestError} the body is not one JSON-RPC message or, where allowed, an array of legacy ones.
 * @see JSON-RPC 2.0 sections 4 to 6; MCP 2026-07-28, Streamable HTTP: one request or notification a body
 */
export function readMessages(body: unknown, context: MessageContext): readonly Message[] {
  return Array.isArray(body) ? readBatch(body, context) : [readMessage(body, context)]
}

function readBatch(body: readonly unknown[], context: MessageContext): readonly Message[] {
  if (body.length === 0 || body.length > context.batch) throw invalid('a batch of this size')
  if (isModernVersion(context.protocolVersion)) throw invalid('a batch with a modern header')
  if (body.some(isModernElement)) throw invalid('a batch with a modern element')
  const messages = body.map((element) => readMessage(element, context))
  const ids = new Set<string>()
  for (const message of messages) checkBatchElement(message, ids)
  return messages
}

/** Answers are told apart by id alone, so `1` and `"1"` count as the same one. */
function checkBatchElement(message: Message, ids: Set<string>): void {
  if (message.kind !== 'request') return
  if (message.method === 'initialize') throw invalid('initialize in a batch')
  const id = String(message.id)
  if (ids.has(id)) throw invalid('two requests of a batch with the same id')
  ids.add(id)
}

function isModernElement(element: unknown): boolean {
  return isJsonObject(element) && claimsModern(element['params'])
}

function readMessage(value: unknown, context: MessageContext): Message {
  if (!isJsonObject(value)) throw invalid('a message that is not an object')
  if (value['jsonrpc'] !== '2.0') throw invalid('a message that is not JSON-RPC 2.0')
  return Object.hasOwn(value, 'method')
    ? readMethodMessage(value, context)
    : readResponse(value, context)
}

function readMethodMessage(value: JsonObject, context: MessageContext): Message {
  const method = value['method']
  if (typeof method !== 'string') throw invalid('a method that is not a string')
  if (Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error')) {
    throw invalid('a message that is request and response at once')
  }
  const params = Object.hasOwn(value, 'params') ? value['params'] : {}
  if (!isJsonObject(params)) throw invalid('params that are not an object')
  if (!Object.hasOwn(value, 'id')) {
    return { kind: 'notification', ...readOperations('notification', method, { params, context }) }
  }
  const id = readId(value['id'])
  const asked = readOperations('request', method, { params, context })
  const { era, version, known, operations } = asked
  return { kind: 'request', id, method, era, version, known, operations }
}

function readOperations(
  form: MessageForm,
  method: string,
  { params, context }: { readonly params: JsonObject; readonly context: MessageContext },
): MethodMessage {
  const { era, version } = readEra({ form, method, params }, context.protocolVersion)
  const read = findOperationReader(method, era, form)
  const related = form === 'request' ? readRelatedTask(params) : []
  if (read === undefined) {
    const operations: readonly Operation[] = [{ kind: 'method', method }, ...related]
    return { method, era, version, known: false, operations }
  }
  const asked = read(params)
  const operations = related.length === 0 ? asked : [...asked, ...related]
  return { method, era, version, known: true, operations }
}

function readResponse(value: JsonObject, context: MessageContext): Message {
  const hasResult = Object.hasOwn(value, 'result')
  if (hasResult === Object.hasOwn(value, 'error')) throw invalid('neither request nor response')
  if (!isJsonObject(hasResult ? value['result'] : value['error'])) {
    throw invalid('a response whose result or error is not an object')
  }
  // An error may answer a request whose id was never read (JSON-RPC 2.0 section 5).
  if (hasResult || Object.hasOwn(value, 'id')) readId(value['id'])
  if (isModernVersion(context.protocolVersion)) throw invalid('a posted response in the modern era')
  return RESPONSE
}

function readId(id: unknown): RequestId {
  if (isRequestId(id)) return id
  throw invalid('an id that is neither a string nor a safe integer')
}

function invalid(what: string): RequestError {
  return new RequestError(400, INVALID_REQUEST, what)
}
