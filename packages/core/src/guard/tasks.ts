import { singleHeader } from '../http/headers.js'
import type { RequestId } from '../mcp/json-rpc-error.js'
import type { Operation } from '../mcp/operation.js'
import type { Message } from '../mcp/read-operations.js'
import { isRequestId } from '../mcp/request-id.js'
import type { TaskSeals } from '../mcp/task-ids.js'
import type { Call, GuardContext } from './context.js'
import { openFor, ownersOf } from './owners.js'
import { createView } from './weigh.js'

/** Tasks of one caller, as the application knows them and as the caller does. */
export interface CallerTasks extends TaskSeals {
  /** Puts the tools that made them in place of the caller's own tasks; others stay, which nothing allows. */
  readonly attribute: (message: Message) => Message
  /** The application's id of a sealed one; undefined if it is not sealed for this caller. */
  readonly open: (sealed: string) => string | undefined
  /** The same, if the policy still allows the tool that made the task. */
  readonly openVisible: (sealed: string) => string | undefined
  /** Remembers which tool the answer to a request will be about. */
  readonly noteCall: (id: RequestId, tool: string) => void
}

/** A task as it stands in the text of a seal. */
interface Task {
  readonly taskId: string
  readonly tool: string
}

/**
 * Ties tasks to one caller (MCP 2025-11-25, Tasks: Task Isolation and Access Control). A sealed id
 * holds the application's own and the tool that made the task, so nothing is stored for it. The owners are
 * names of the principal, not of the certificate itself: a renewed certificate keeps its tasks.
 *
 * Not checked: whether the task exists, and whether the application gives one id to two tasks.
 */
export function createCallerTasks(context: GuardContext, call: Call): CallerTasks {
  const owners = ownersOf(call.principal)
  const [owner] = owners
  const permits = createView(context, call, 'deliveries')
  const { noteCall, calledTool, ...memory } = createMemory(context, call)

  const isAllowed = (tool: string) => permits({ kind: 'tool', name: tool, args: undefined })
  const seal = (taskId: string, tool: string) => {
    memory.remember({ taskId, tool })
    return context.seals.seal({ label: 'task', owner, text: toText({ taskId, tool }) })
  }
  const open = (sealed: string) => {
    const text = openFor(context.seals, owners, { label: 'task', text: sealed })
    const task = text === undefined ? undefined : parseText(text)
    if (task !== undefined) memory.keep(task)
    return task
  }
  return Object.freeze({
    noteCall,
    attribute: (message: Message) => attribute(message, open),
    open: (sealed: string) => open(sealed)?.taskId,
    openVisible(sealed: string): string | undefined {
      const task = open(sealed)
      return task !== undefined && isAllowed(task.tool) ? task.taskId : undefined
    },
    known(taskId: string): string | undefined {
      const tool = memory.toolOf(taskId)
      return tool === undefined ? undefined : seal(taskId, tool)
    },
    visible(taskId: string): string | undefined {
      const tool = memory.toolOf(taskId)
      return tool !== undefined && isAllowed(tool) ? seal(taskId, tool) : undefined
    },
    created(taskId: string, requestId: unknown): string | undefined {
      const tool = isRequestId(requestId) ? calledTool(requestId) : undefined
      return tool === undefined ? undefined : seal(taskId, tool)
    },
  })
}

interface Memory {
  /** Remembers a task for the length of this call, whatever else has to be remembered. */
  readonly keep: (task: Task) => void
  readonly remember: (task: Task) => void
  readonly toolOf: (taskId: string) => string | undefined
  readonly noteCall: (id: RequestId, tool: string) => void
  readonly calledTool: (id: RequestId) => string | undefined
}

function createMemory(
  { taskOwners }: GuardContext,
  { principal, req, querySession }: Call,
): Memory {
  const owner = principal.name
  const session = singleHeader(req, 'mcp-session-id') ?? querySession
  const tools = new Map<string, string>()
  const calls = new Map<RequestId, string>()
  const remember = ({ taskId, tool }: Task) => taskOwners.remember(owner, taskId, tool)
  return {
    remember,
    keep(task): void {
      tools.set(task.taskId, task.tool)
      remember(task)
    },
    toolOf: (taskId) => tools.get(taskId) ?? taskOwners.toolOf(owner, taskId),
    noteCall(id, tool): void {
      calls.set(id, tool)
      if (session !== undefined) taskOwners.noteCall({ owner, session, id }, tool)
    },
    calledTool(id): string | undefined {
      const noted =
        session === undefined ? undefined : taskOwners.calledTool({ owner, session, id })
      return noted === undefined ? calls.get(id) : (noted ?? undefined)
    },
  }
}

function attribute(message: Message, open: (sealed: string) => Task | undefined): Message {
  const operations = message.operations.map((operation): Operation => {
    const task = operation.kind === 'task' ? open(operation.taskId) : undefined
    return task === undefined ? operation : { kind: 'tool', name: task.tool, args: undefined }
  })
  return { ...message, operations }
}

// UTF-16 keeps every name a JSON string can hold, also one with half a surrogate pair.
function toText({ taskId, tool }: Task): string {
  return `${taskId}.${Buffer.from(tool, 'utf16le').toString('base64url')}`
}

function parseText(text: string): Task {
  const end = text.lastIndexOf('.')
  const tool = Buffer.from(text.slice(end + 1), 'base64url').toString('utf16le')
  return { taskId: text.slice(0, Math.max(end, 0)), tool }
}
