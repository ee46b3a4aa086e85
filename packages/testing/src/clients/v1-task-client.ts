import { mtlsFetch } from '@mcp-mtls/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CallToolResultSchema,
  TaskStatusNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { ClientCertificate } from '../certificates.js'

/** A connected client of SDK v1 that calls tools as tasks. */
export interface TaskClient {
  /** Calls a tool and resolves with the id of its task as soon as there is one. */
  createTask(tool: string): Promise<string>
  /** Calls a tool as the SDK does, from the creation of the task to its result; says what came, in order. */
  runTask(tool: string): Promise<readonly string[]>
  getTask(taskId: string): Promise<{ readonly taskId: string; readonly status: string }>
  /** The result of a task: its content as JSON, and the task it says it belongs to. */
  getResult(taskId: string): Promise<{ readonly text: string; readonly relatedTask: unknown }>
  listTasks(): Promise<readonly string[]>
  cancelTask(taskId: string): Promise<{ readonly taskId: string; readonly status: string }>
  /** `<id> <status>` of every status notification received so far. */
  readonly news: readonly string[]
  close(): Promise<void>
}

/** Connects an SDK v1 client over mutual TLS. */
export async function connectTaskClient(
  url: string,
  certificate: ClientCertificate,
): Promise<TaskClient> {
  const fetch = mtlsFetch(certificate)
  const client = new Client({ name: 'fixture-task-client', version: '1.0.0' })
  const news: string[] = []
  client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => {
    news.push(`${params.taskId} ${params.status}`)
  })
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch })
  // The class declares accessors of type T | undefined, which exactOptionalPropertyTypes refuses.
  await client.connect(transport as Transport)
  return toTaskClient(client, news, () => client.close().finally(() => fetch.close()))
}

function toTaskClient(
  client: Client,
  news: readonly string[],
  close: () => Promise<void>,
): TaskClient {
  const { tasks } = client.experimental
  const call = (name: string) =>
    tasks.callToolStream({ name, arguments: {} }, CallToolResultSchema, { task: { ttl: 60_000 } })
  return {
    news,
    close,
    async createTask(tool) {
      for await (const message of call(tool)) {
        if (message.type === 'taskCreated') return message.task.taskId
        if (message.type === 'error') throw message.error
      }
      throw new Error('no task was created')
    },
    async runTask(tool) {
      const seen: string[] = []
      for await (const message of call(tool)) seen.push(message.type)
      return seen
    },
    getTask: (taskId) => tasks.getTask(taskId),
    async getResult(taskId) {
      const result = await tasks.getTaskResult(taskId, CallToolResultSchema)
      const relatedTask = result._meta?.['io.modelcontextprotocol/related-task']
      return { text: JSON.stringify(result.content), relatedTask }
    },
    listTasks: async () => (await tasks.listTasks()).tasks.map(({ taskId }) => taskId),
    cancelTask: (taskId) => tasks.cancelTask(taskId),
  }
}
