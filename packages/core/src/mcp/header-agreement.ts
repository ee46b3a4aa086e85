import { RequestError } from '../errors.js'
import { HEADER_MISMATCH } from './json-rpc-error.js'
import type { Message } from './read-operations.js'
import { TASK_METHODS } from './task-ids.js'

/** The values of the headers that repeat parts of the body, as Node gives them; `undefined` if absent. */
export interface MessageHeaders {
  /** `MCP-Protocol-Version` */
  readonly protocolVersion: string | undefined
  /** `Mcp-Method` */
  readonly method: string | undefined
  /** `Mcp-Name` */
  readonly name: string | undefined
}

type MethodMessage = Exclude<Message, { readonly kind: 'response' }>

const NAMED_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  ...TASK_METHODS,
])
const ENCODED_PREFIX = '=?base64?'
const ENCODED_SUFFIX = '?='
// What a field value can carry as it is; anything else has to be encoded.
const PLAIN = /^[\t\x20-\x7e]*$/

/**
 * Refuse a message whose headers say something else than its body. Decisions never rest on these
 * headers; whatever routes or logs by them must see what the server sees. A modern request must carry
 * them; on legacy messages and on notifications they are compared if they are there. A header sent
 * twice reaches Node joined by a comma and so differs.
 *
 * Not checked: `Mcp-Param-*`, which only the server's own schema can interpret; `Mcp-Name` of methods
 * that do not define it; the version header of a message without a claim (`readEra`).
 *
 * @throws {RequestError} a header differs from the body, is encoded wrongly, or is missing where required.
 * @see MCP 2026-07-28, Streamable HTTP: Standard Request Headers, Server Validation
 */
export function checkHeaderAgreement(message: Message, headers: MessageHeaders): void {
  if (message.kind === 'response') {
    if (headers.method !== undefined) throw mismatch('Mcp-Method on a response')
    return
  }
  if (message.version !== undefined) checkVersion(message, headers.protocolVersion)
  checkMethod(message, headers.method)
  const target = readNamedTarget(message)
  if (target !== undefined) checkName(message, headers.name, target)
}

function checkVersion(message: MethodMessage, header: string | undefined): void {
  if (isAcceptablyAbsent(message, header)) return
  if (header !== message.version) throw mismatch('MCP-Protocol-Version')
}

function checkMethod(message: MethodMessage, header: string | undefined): void {
  if (isAcceptablyAbsent(message, header)) return
  if (header !== message.method) throw mismatch('Mcp-Method')
}

function checkName(message: MethodMessage, header: string | undefined, target: string): void {
  if (isAcceptablyAbsent(message, header)) return
  if (header === undefined || !carries(header, target)) throw mismatch('Mcp-Name')
}

function isAcceptablyAbsent(message: MethodMessage, header: string | undefined): boolean {
  return header === undefined && (message.era === 'legacy' || message.kind === 'notification')
}

function readNamedTarget(message: MethodMessage): string | undefined {
  const [operation] = NAMED_METHODS.has(message.method) ? message.operations : []
  switch (operation?.kind) {
    case 'tool':
    case 'prompt':
      return operation.name
    case 'resource':
      return operation.uri
    case 'task':
      return operation.taskId
    default:
      return undefined
  }
}

/** A value as a header carries it: as it is where that is possible, else encoded. */
export function toHeaderValue(value: string): string {
  const isPlain = PLAIN.test(value) && value === value.trim() && !value.startsWith(ENCODED_PREFIX)
  return isPlain ? value : encode(value)
}

function encode(value: string): string {
  return `${ENCODED_PREFIX}${Buffer.from(value, 'utf8').toString('base64')}${ENCODED_SUFFIX}`
}

/** Encoding the body's value and comparing leaves no room for a second spelling of the same bytes. */
function carries(header: string, value: string): boolean {
  if (!header.startsWith(ENCODED_PREFIX) || !header.endsWith(ENCODED_SUFFIX)) {
    return PLAIN.test(header) && header === value
  }
  // A lone surrogate has no UTF-8 form: the encoding would stand for another string.
  return header === encode(value) && Buffer.from(value, 'utf8').toString('utf8') === value
}

function mismatch(header: string): RequestError {
  return new RequestError(400, HEADER_MISMATCH, `${header} differs from the body or is missing`)
}
