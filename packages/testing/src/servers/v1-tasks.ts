import {
  InMemoryTaskMessageQueue,
  InMemoryTaskStore,
  type TaskStore,
} from '@modelcontextprotocol/sdk/experimental/tasks'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { McpFixture } from './mcp-fixture.js'
import { createSessions } from './sessions.js'

/** A server whose tools make tasks, which every session of it could reach. */
export interface TaskFixture extends McpFixture {
  /** The server's own ids of the tasks, in the order they were made. */
  readonly taskIds: readonly string[]
  /** The state of a task as the server keeps it. */
  status(taskId: string): Promise<string | undefined>
  /** Completes every task that is waiting, and tells its session. */
  finish(): Promise<void>
}

interface Work {
  readonly calls: string[]
  readonly taskIds: string[]
  readonly waiting: (() => Promise<void>)[]
  readonly store: TaskStore
  readonly queue: InMemoryTaskMessageQueue
}

/** The tools that make tasks; `docs.index` is one the reader of the contract may call too. */
const taskTools = ['docs.index', 'deploy']

/** SDK v1 with sessions and with one store of tasks for all of them, as a database would be. */
export function createV1Tasks(): TaskFixture {
  const store = createSharedStore()
  const queue = new InMemoryTaskMessageQueue()
  const work: Work = { calls: [], taskIds: [], waiting: [], store, queue }
  const sessions = createSessions(async (options) => {
    const transport = new StreamableHTTPServerTransport(options)
    const server = createServer(work)
    // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
    await server.connect(transport as Transport)
    return {
      handle: (req, res, body) => transport.handleRequest(req, res, body),
      notifyResourceUpdated: (uri) => server.server.sendResourceUpdated({ uri }),
      close: () => server.close(),
    }
  })
  return {
    ...sessions,
    calls: work.calls,
    taskIds: work.taskIds,
    status: async (taskId) => (await store.getTask(taskId))?.status,
    async finish() {
      for (const complete of work.waiting.splice(0)) await complete()
    },
    async close() {
      await sessions.close()
      store.cleanup()
    },
  }
}

/** The SDK's own store keeps the tasks of sessions apart; others do not, and nothing makes them. */
function createSharedStore(): TaskStore & { cleanup(): void } {
  const store = new InMemoryTaskStore()
  return {
    createTask: (params, id, request) => store.createTask(params, id, request),
    getTask: (taskId) => store.getTask(taskId),
    storeTaskResult: (taskId, status, result) => store.storeTaskResult(taskId, status, result),
    getTaskResult: (taskId) => store.getTaskResult(taskId),
    updateTaskStatus: (taskId, status, text) => store.updateTaskStatus(taskId, status, text),
    listTasks: (cursor) => store.listTasks(cursor),
    cleanup: () => store.cleanup(),
  }
}

function createServer(work: Work): McpServer {
  const { store: taskStore, queue: taskMessageQueue } = work
  const tasks = { requests: { tools: { call: {} } }, list: {}, cancel: {} }
  const server = new McpServer(
    { name: 'fixture-v1-tasks', version: '1.0.0' },
    { capabilities: { tasks }, taskStore, taskMessageQueue },
  )
  for (const name of taskTools) registerTaskTool(server, name, work)
  server.registerTool('search', {}, () => {
    work.calls.push('search')
    return { content: [{ type: 'text', text: 'found' }] }
  })
  return server
}

function registerTaskTool(server: McpServer, name: string, work: Work): void {
  server.experimental.tasks.registerToolTask(
    name,
    { execution: { taskSupport: 'required' } },
    {
      async createTask({ taskStore }) {
        const task = await taskStore.createTask({ ttl: 60_000, pollInterval: 10 })
        work.calls.push(name)
        work.taskIds.push(task.taskId)
        const content = [{ type: 'text', text: `${name} is done` }]
        work.waiting.push(() => taskStore.storeTaskResult(task.taskId, 'completed', { content }))
        return { task }
      },
      getTask: ({ taskId, taskStore }) => taskStore.getTask(taskId),
      async getTaskResult({ taskId, taskStore }) {
        return { content: [], ...(await taskStore.getTaskResult(taskId)) }
      },
    },
  )
}
