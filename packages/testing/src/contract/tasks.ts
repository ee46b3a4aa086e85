import { definePolicy } from '@mcp-mtls/core'
import { describe, expect, it } from 'vitest'
import { type ClientCertificate, spiffeIds } from '../certificates.js'
import { legacyPost, message, toolCall } from '../clients/messages.js'
import { type RawResponse, rawRequest } from '../clients/raw-request.js'
import { openRawSession } from '../clients/raw-session.js'
import { connectTaskClient, type TaskClient } from '../clients/v1-task-client.js'
import { createV1Tasks, type TaskFixture } from '../servers/v1-tasks.js'
import { until } from '../until.js'
import type { Scene, Stage } from './stage.js'

const sessionSecret = 'a secret that all replicas of the tests share'
const refused = { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Invalid params' } }
const relatedKey = 'io.modelcontextprotocol/related-task'

/** A task belongs to the caller whose tool call made it, whatever the server behind thinks. */
export function describeTasks(stage: Stage): void {
  describe('tasks', () => {
    describeOwner(stage)
    describeAttacker(stage)
    describeRelated(stage)
    describeReplicas(stage)
    describeWithdrawal(stage)
  })
}

interface Cast {
  readonly scene: Scene
  readonly fixture: TaskFixture
  readonly client: TaskClient
}

/** Plays a scene with a connected client of the reader. */
async function playTasks(stage: Stage, act: (cast: Cast) => Promise<void>): Promise<void> {
  const fixture = createV1Tasks()
  await stage.play({ fixture, options: { sessionSecret } }, async (scene) => {
    const client = await connectTaskClient(scene.url, stage.certificates.clients.reader)
    await act({ scene, fixture, client }).finally(() => client.close())
  })
}

function describeOwner(stage: Stage): void {
  it('D15 are polled, listed and fetched by the client that made them, under sealed ids', async () => {
    await playTasks(stage, async ({ fixture, client }) => {
      const taskId = await client.createTask('docs.index')
      expect(taskId).toMatch(new RegExp(`^${fixture.taskIds[0]}\\..+`))
      expect(await client.getTask(taskId)).toMatchObject({ taskId, status: 'working' })
      expect(await client.listTasks()).toEqual([taskId])
      await fixture.finish()
      await until(() => client.news.length > 0)
      expect(client.news).toEqual([`${taskId} completed`])
      const { text, relatedTask } = await client.getResult(taskId)
      expect(text).toContain('docs.index is done')
      expect(relatedTask).toEqual({ taskId })
    })
  })

  it('D15 run to their result as the SDK runs them', async () => {
    await playTasks(stage, async ({ fixture, client }) => {
      const running = client.runTask('docs.index')
      await until(() => fixture.taskIds.length > 0)
      await fixture.finish()
      const seen = await running
      expect(seen[0]).toBe('taskCreated')
      expect(seen.at(-1)).toBe('result')
    })
  })

  it('D15 are cancelled by the client that made them', async () => {
    await playTasks(stage, async ({ fixture, client }) => {
      const taskId = await client.createTask('docs.index')
      expect(await client.cancelTask(taskId)).toMatchObject({ taskId, status: 'cancelled' })
      expect(await fixture.status(fixture.taskIds[0] ?? '')).toBe('cancelled')
    })
  })

  it('D15 outlive a renewed certificate of the same SPIFFE ID', async () => {
    await playTasks(stage, async ({ scene, client }) => {
      const taskId = await client.createTask('docs.index')
      const certificate = await stage.certificates.renew('reader')
      const renewed = await connectTaskClient(scene.url, certificate)
      expect(await renewed.getTask(taskId)).toMatchObject({ taskId, status: 'working' })
      expect(await renewed.listTasks()).toEqual([taskId])
      await renewed.close()
    })
  })
}

function describeAttacker(stage: Stage): void {
  it('D15 of another principal and unknown ones get one and the same answer, and stay as they are', async () => {
    await playTasks(stage, async ({ scene, fixture, client }) => {
      const taskId = await client.createTask('docs.index')
      const before = scene.reached()
      const attack = await openAttack(scene.url, stage.certificates.clients.operator)
      const opened = scene.reached()
      expect(opened).toBeGreaterThan(before)
      for (const id of forgeries(taskId, fixture.taskIds[0] ?? '', attack.sessionId)) {
        for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
          const answer = await attack.send(method, { taskId: id })
          expect(answer.status).toBe(200)
          expect(answer.json).toEqual(refused)
        }
      }
      expect(scene.reached()).toBe(opened)
      expect(await fixture.status(fixture.taskIds[0] ?? '')).toBe('working')
      const denials = scene.events.filter(({ reason }) => reason === 'no task of this caller')
      expect(denials).toHaveLength(18)
      expect(denials[0]).toMatchObject({ effect: 'deny', method: 'tasks/get' })
    })
  })

  it('D15 of another principal are not listed', async () => {
    await playTasks(stage, async ({ scene, fixture, client }) => {
      await client.createTask('docs.index')
      const attack = await openAttack(scene.url, stage.certificates.clients.operator)
      const answer = await attack.send('tasks/list', {})
      expect(answer.json).toMatchObject({ result: { tasks: [] } })
      expect(answer.body).not.toContain(fixture.taskIds[0])
    })
  })

  it('D15 of another principal stay closed while the guard only observes', async () => {
    const fixture = createV1Tasks()
    const options = { sessionSecret, enforcement: 'observe' } as const
    await stage.play({ fixture, options }, async (scene) => {
      const client = await connectTaskClient(scene.url, stage.certificates.clients.reader)
      const taskId = await client.createTask('docs.index')
      const attack = await openAttack(scene.url, stage.certificates.clients.stranger)
      expect((await attack.send('tasks/get', { taskId })).json).toEqual(refused)
      expect((await attack.send('tasks/list', {})).json).toMatchObject({ result: { tasks: [] } })
      await client.close()
    })
  })
}

/** A foreign sealed id, the server's own, a broken seal, one for another thing, and ids of nothing. */
function forgeries(sealed: string, raw: string, session: string): readonly string[] {
  const broken = `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`
  return [sealed, raw, broken, session, 'nothing', '']
}

interface Attack {
  readonly sessionId: string
  send(method: string, params: Readonly<Record<string, unknown>>): Promise<RawResponse>
}

async function openAttack(url: string, certificate: ClientCertificate): Promise<Attack> {
  const headers = await openRawSession(url, certificate)
  return {
    sessionId: headers['mcp-session-id'] ?? '',
    send: (method, params) =>
      rawRequest(url, { certificate, ...legacyPost(message(method, params), headers) }),
  }
}

function describeRelated(stage: Stage): void {
  it.each(['sealed', 'raw'])(
    'D15 a call that says it belongs to the %s task of another principal does not run',
    async (kind) => {
      await playTasks(stage, async ({ scene, fixture, client }) => {
        const sealed = await client.createTask('docs.index')
        const taskId = kind === 'raw' ? fixture.taskIds[0] : sealed
        const attack = await openAttack(scene.url, stage.certificates.clients.operator)
        const { params } = toolCall('search')
        const answer = await attack.send('tools/call', {
          ...params,
          _meta: { [relatedKey]: { taskId } },
        })
        expect(answer.json).toEqual(refused)
        expect(fixture.calls).toEqual(['docs.index'])
      })
    },
  )
}

function describeReplicas(stage: Stage): void {
  it('D15 are known to every replica that has the secret, and to no other', async () => {
    const fixture = createV1Tasks()
    const { reader } = stage.certificates.clients
    await stage.play({ fixture, options: { sessionSecret } }, async (first) => {
      const client = await connectTaskClient(first.url, reader)
      const taskId = await client.createTask('docs.index')
      await stage.play({ fixture, options: { sessionSecret } }, async (second) => {
        const other = await connectTaskClient(second.url, reader)
        expect(await other.listTasks()).toEqual([])
        expect(await other.getTask(taskId)).toMatchObject({ taskId, status: 'working' })
        expect(await other.listTasks()).toEqual([taskId])
        await other.close()
      })
      await stage.play({ fixture }, async (stranger) => {
        const other = await connectTaskClient(stranger.url, reader)
        await expect(other.getTask(taskId)).rejects.toMatchObject({ code: -32602 })
        await other.close()
      })
      await client.close()
    })
  })
}

function describeWithdrawal(stage: Stage): void {
  it('D15 go when the policy withdraws the tool that made them', async () => {
    await playTasks(stage, async ({ fixture, client }) => {
      const taskId = await client.createTask('docs.index')
      const options = { sessionSecret, policy: withoutDocs() }
      await stage.play({ fixture, options }, async (later) => {
        const narrowed = await connectTaskClient(later.url, stage.certificates.clients.reader)
        for (const ask of [narrowed.getTask, narrowed.getResult, narrowed.cancelTask]) {
          await expect(ask(taskId)).rejects.toMatchObject({ code: -31403 })
        }
        expect(await fixture.status(fixture.taskIds[0] ?? '')).toBe('working')
        expect(later.events).toContainEqual(
          expect.objectContaining({
            effect: 'deny',
            method: 'tasks/get',
            operation: { kind: 'tool', name: 'docs.index' },
          }),
        )
        expect(await narrowed.listTasks()).toEqual([])
        await narrowed.close()
      })
    })
  })
}

function withoutDocs(): ReturnType<typeof definePolicy> {
  return definePolicy({
    version: 1,
    roles: { reader: { tools: ['search'] } },
    assignments: [{ spiffe: spiffeIds.reader, roles: ['reader'] }],
  })
}
