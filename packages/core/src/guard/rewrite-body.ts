import { replaceHeader } from '../http/headers.js'
import { restoreBody } from '../http/read-body.js'
import { toHeaderValue } from '../mcp/header-agreement.js'
import { isJsonObject, type JsonObject } from '../mcp/json-object.js'
import { narrowListen } from '../mcp/narrow-listen.js'
import type { Message } from '../mcp/read-operations.js'
import { openTaskIds, TASK_METHODS } from '../mcp/task-ids.js'
import type { Call, GuardContext } from './context.js'
import { isListen } from './judge.js'
import type { CallerTasks } from './tasks.js'
import { createView } from './weigh.js'

/** A body whose messages were all allowed. */
export interface Judged {
  readonly messages: readonly Message[]
  readonly tasks: () => CallerTasks
}

/**
 * Puts a body in place of the one that was sent that the application may receive: the caller's tasks
 * under the ids the application knows, in `Mcp-Name` too, and of a listen request only what is
 * permitted. Every message must have been allowed; a body that holds nothing of the kind stays as it is.
 */
export function rewriteBody(context: GuardContext, call: Call, judged: Judged): Call {
  const { req, body } = call
  const sent: readonly unknown[] = Array.isArray(body) ? body : [body]
  const rewritten = sent.map((element, index) => {
    const message = judged.messages[index]
    if (!isJsonObject(element) || message === undefined) throw new Error('a message was not judged')
    noteCall(message, element, judged)
    const opened = openTaskIds(element, (sealed) => judged.tasks().open(sealed))
    if (!isListen(message)) return opened
    const view = createView(context, call, 'deliveries')
    return { ...opened, params: narrowListen(opened['params'], view, judged.tasks().openVisible) }
  })
  if (rewritten.every((element, index) => element === sent[index])) return call
  const value: unknown = Array.isArray(body) ? rewritten : rewritten[0]
  restoreBody(req, { value, raw: Buffer.from(JSON.stringify(value)) })
  for (const element of rewritten) rewriteName(call, element)
  return { ...call, body: value }
}

/** In the modern era any call may be answered with a task, before that only one that asks for it. */
function noteCall(message: Message, { params }: JsonObject, judged: Judged): void {
  if (message.kind !== 'request' || message.method !== 'tools/call') return
  const [operation] = message.operations
  const asked = isJsonObject(params) && Object.hasOwn(params, 'task')
  if (operation?.kind === 'tool' && (asked || message.era === 'modern')) {
    judged.tasks().noteCall(message.id, operation.name)
  }
}

/** The header was compared with the body as it was sent, so it names the same task. */
function rewriteName({ req }: Call, { method, params }: JsonObject): void {
  if (req.headers['mcp-name'] === undefined || !isJsonObject(params)) return
  const taskId = params['taskId']
  if (typeof method !== 'string' || !TASK_METHODS.has(method) || typeof taskId !== 'string') return
  replaceHeader(req, 'mcp-name', toHeaderValue(taskId))
}
