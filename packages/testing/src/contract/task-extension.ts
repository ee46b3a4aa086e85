import { describe, expect, it } from 'vitest'
import type { ClientCertificate } from '../certificates.js'
import { type Message, message, modernPost, toolCall } from '../clients/messages.js'
import { type RawResponse, rawRequest } from '../clients/raw-request.js'
import { createModernTasks, type ModernTaskFixture } from '../servers/modern-tasks.js'
import type { Scene, Stage } from './stage.js'

const refused = { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Invalid params' } }

/** The tasks extension of the modern era: flat states, `Mcp-Name`, listening by id. */
export function describeTaskExtension(stage: Stage): void {
  describe('tasks of the extension', () => {
    describePolling(stage)
    describeRefusal(stage)
    describeListening(stage)
  })
}

interface Cast {
  readonly scene: Scene
  readonly fixture: ModernTaskFixture
  /** The task a call of the reader made. */
  readonly taskId: string
}

async function playTask(stage: Stage, act: (cast: Cast) => Promise<void>): Promise<void> {
  const fixture = createModernTasks()
  await stage.play({ fixture }, async (scene) => {
    const taskId = await createTask(scene.url, stage.certificates.clients.reader)
    await act({ scene, fixture, taskId })
  })
}

async function createTask(url: string, certificate: ClientCertificate): Promise<string> {
  const answer = await rawRequest(url, { certificate, ...modernPost(toolCall('search')) })
  expect(answer.json).toMatchObject({ result: { resultType: 'task', status: 'working' } })
  return (answer.json as { result: { taskId: string } }).result.taskId
}

function send(
  url: string,
  request: Message,
  { certificate, name }: { certificate: ClientCertificate; name?: string },
): Promise<RawResponse> {
  const headers = name === undefined ? {} : { 'mcp-name': name }
  return rawRequest(url, { certificate, ...modernPost(request, headers) })
}

function describePolling(stage: Stage): void {
  it.each(['tasks/get', 'tasks/update', 'tasks/cancel'])(
    'D15 reach the server of %s under its own ids, in the body and in Mcp-Name',
    async (method) => {
      await playTask(stage, async ({ scene, fixture, taskId }) => {
        expect(taskId).toMatch(/^task-1\..+/)
        const certificate = stage.certificates.clients.reader
        const request = message(method, { taskId })
        const answer = await send(scene.url, request, { certificate, name: taskId })
        expect(answer.status).toBe(200)
        if (method === 'tasks/get') expect(answer.json).toMatchObject({ result: { taskId } })
        const got = fixture.received.at(-1)
        expect(got).toMatchObject({ body: { params: { taskId: 'task-1' } }, name: 'task-1' })
        expect(JSON.parse(got?.raw ?? '')).toEqual(got?.body)
      })
    },
  )
}

function describeRefusal(stage: Stage): void {
  it.each(['tasks/get', 'tasks/update', 'tasks/cancel'])(
    'D15 of another principal and unknown ones are refused alike for %s',
    async (method) => {
      await playTask(stage, async ({ scene, fixture, taskId }) => {
        const certificate = stage.certificates.clients.operator
        const broken = `${taskId.slice(0, -1)}${taskId.endsWith('A') ? 'B' : 'A'}`
        for (const id of [taskId, 'task-1', broken, 'task-9']) {
          const request = message(method, { taskId: id })
          const answer = await send(scene.url, request, { certificate, name: id })
          expect(answer.status).toBe(200)
          expect(answer.json).toEqual(refused)
        }
        expect(fixture.calls).toEqual(['tools/call'])
      })
    },
  )

  it.each(['tasks/result', 'tasks/list'])('D15 %s does not exist any more', async (method) => {
    await playTask(stage, async ({ scene, taskId }) => {
      const certificate = stage.certificates.clients.reader
      const answer = await send(scene.url, message(method, { taskId }), { certificate })
      expect(answer).toMatchObject({ status: 404, json: { error: { code: -32601 } } })
    })
  })

  it.each(['task-1', undefined])('D07 a request whose Mcp-Name is %s is refused', async (name) => {
    await playTask(stage, async ({ scene, taskId }) => {
      const certificate = stage.certificates.clients.reader
      const request = message('tasks/get', { taskId })
      const answer = await send(scene.url, request, { certificate, ...(name && { name }) })
      expect(answer).toMatchObject({ status: 400, json: { error: { code: -32020 } } })
    })
  })
}

function describeListening(stage: Stage): void {
  it('D15 are listened to by their owner alone', async () => {
    await playTask(stage, async ({ scene, fixture, taskId }) => {
      const foreign = await createTask(scene.url, stage.certificates.clients.operator)
      const taskIds = [foreign, taskId, 'task-2', 'task-1']
      const request = message('subscriptions/listen', { notifications: { taskIds } })
      const certificate = stage.certificates.clients.reader
      const { body } = await send(scene.url, request, { certificate })
      const got = fixture.received.at(-1)
      expect(got?.body).toMatchObject({ params: { notifications: { taskIds: ['task-1'] } } })
      expect(JSON.parse(got?.raw ?? '')).toEqual(got?.body)
      const told = [...body.matchAll(/^data: (?<json>.*)$/gm)].map(({ groups }): unknown =>
        JSON.parse(groups?.['json'] ?? ''),
      )
      expect(told).toMatchObject([
        {
          method: 'notifications/subscriptions/acknowledged',
          params: { notifications: { taskIds: [taskId] } },
        },
        { method: 'notifications/tasks', params: { taskId, status: 'working' } },
      ])
      expect(body).not.toContain('task-2')
    })
  })
}
