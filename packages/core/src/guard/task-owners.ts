import { LRUCache } from 'lru-cache'
import type { RequestId } from '../mcp/json-rpc-error.js'

/** A call that asked for a task: whose, in which session, and its id. */
interface TaskCall {
  readonly owner: string
  readonly session: string
  readonly id: RequestId
}

/**
 * What a guard remembers of tasks, bounded: which of them a caller has been told of, and which tool
 * made them. Only for answers that name a task nobody asked for by its id; whose a task is, its seal says.
 */
export interface TaskOwners {
  readonly remember: (owner: string, taskId: string, tool: string) => void
  readonly toolOf: (owner: string, taskId: string) => string | undefined
  readonly noteCall: (call: TaskCall, tool: string) => void
  /** The tool of a call that was noted; null if two calls went by the same id and it cannot be told. */
  readonly calledTool: (call: TaskCall) => string | null | undefined
}

// Ids and names are as long as a body may be, so it is their length that has to be bounded, not their number alone.
const maximumCharacters = 8 * 1024 * 1024
const maximumEntries = 10_000

/** Creates the memory of one guard. What falls out of it is missing from lists, and nothing else. */
export function createTaskOwners(): TaskOwners {
  const tools = new LRUCache<string, string>({
    max: maximumEntries,
    maxSize: maximumCharacters,
    sizeCalculation: (tool, key) => key.length + tool.length,
  })
  const calls = new LRUCache<string, { readonly tool: string | null }>({
    max: maximumEntries,
    maxSize: maximumCharacters,
    sizeCalculation: ({ tool }, key) => key.length + (tool?.length ?? 0),
  })
  return Object.freeze({
    remember(owner: string, taskId: string, tool: string): void {
      tools.set(toKey(owner, taskId), tool)
    },
    toolOf: (owner: string, taskId: string) => tools.get(toKey(owner, taskId)),
    noteCall(call: TaskCall, tool: string): void {
      const key = toKey(call.owner, call.session, call.id)
      const before = calls.get(key)
      calls.set(key, { tool: before === undefined || before.tool === tool ? tool : null })
    },
    calledTool: ({ owner, session, id }: TaskCall) => calls.get(toKey(owner, session, id))?.tool,
  })
}

function toKey(...parts: readonly RequestId[]): string {
  return JSON.stringify(parts)
}
