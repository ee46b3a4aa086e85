import { describe, expect, it } from 'vitest'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { rewriteBody } from '../../src/guard/rewrite-body.js'
import { createSeals } from '../../src/guard/seals.js'
import type { CallerTasks } from '../../src/guard/tasks.js'
import { toHeaderValue } from '../../src/mcp/header-agreement.js'
import { readMessages } from '../../src/mcp/read-operations.js'
import { callTool, openScene, send, spiffeId } from './stage.js'

const sessionSecret = 'a secret of the tests, long enough.'
const seals = createSeals([sessionSecret], 'a request listener')
const related = 'io.modelcontextprotocol/related-task'

function seal(taskId: string, tool = 'search'): string {
  const text = `${taskId}.${Buffer.from(tool, 'utf16le').toString('base64url')}`
  return seals.seal({ label: 'task', owner: `default/spiffe:${spiffeId}`, text })
}

function get(taskId: string, id = 1) {
  return { jsonrpc: '2.0', id, method: 'tasks/get', params: { taskId } }
}

describe('the body an application receives', () => {
  it('D15 holds the ids of tasks as the application knows them, in every element of a batch', async () => {
    const scene = await openScene({ sessionSecret, limits: { batch: 3 } })
    const note = (taskId: string) => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { _meta: { [related]: { taskId } } },
    })
    await send(scene, { body: [get(seal('a')), note(seal('b')), note('raw')] })
    expect(scene.reached).toEqual([[get('a'), note('b'), { ...note(''), params: { _meta: {} } }]])
  })

  it('D15 comes with the same task in Mcp-Name, encoded where a header could not carry it', async () => {
    const names: unknown[] = []
    const scene = await openScene({
      sessionSecret,
      server: (listener, { tls }) =>
        tls.createServer((req, res) => {
          res.on('finish', () => names.push(req.headers['mcp-name']))
          listener?.(req, res)
        }),
    })
    const name = (taskId: string) => ({
      headers: { 'mcp-name': toHeaderValue(taskId) },
      body: get(taskId),
    })
    await send(scene, name(seal('a')))
    await send(scene, name(seal('\u00e4')))
    expect(scene.reached).toEqual([get('a'), get('\u00e4')])
    expect(names).toEqual(['a', '=?base64?w6Q=?='])
  })

  it('D15 holds what a posted response belongs to, and the task of a client as it is', async () => {
    const scene = await openScene({ sessionSecret })
    const response = (taskId: string) => ({
      jsonrpc: '2.0',
      id: 1,
      result: { task: { taskId: 'of the client' }, _meta: { [related]: { taskId } } },
    })
    await send(scene, { body: response(seal('a')) })
    await send(scene, { body: response('of the client') })
    expect(scene.reached).toEqual([response('a'), response('of the client')])
  })

  it('D15 never comes where one task of a batch is not the caller’s', async () => {
    const scene = await openScene({ sessionSecret, limits: { batch: 2 } })
    const { json } = await send(scene, { body: [get(seal('a'), 1), get('a', 2)] })
    expect(json).toMatchObject([
      { id: 1, error: { code: -32600 } },
      { id: 2, error: { code: -32602, message: 'Invalid params' } },
    ])
    expect(scene.reached).toEqual([])
  })

  it('D06 D15 never comes for a foreign task that is asked for without an id', async () => {
    const scene = await openScene({ sessionSecret })
    const body = { jsonrpc: '2.0', method: 'tasks/cancel', params: { taskId: 'a' } }
    expect(await send(scene, { body })).toMatchObject({ status: 403 })
    expect(scene.reached).toEqual([])
  })

  it('D15 never comes for the task of a tool that is denied, and says so as for any denial', async () => {
    const scene = await openScene({ sessionSecret })
    const { status, json } = await send(scene, { body: get(seal('a', 'purge')) })
    expect({ status, json }).toMatchObject({ status: 200, json: { error: { code: -31403 } } })
    expect(scene.reached).toEqual([])
  })
})

describe('a call that may be answered with a task', () => {
  const modern = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }

  it.each([
    ['a legacy call that asks for one', { ...callTool('search').params, task: {} }, true],
    ['a legacy call that does not', callTool('search').params, false],
    ['any modern call', { ...callTool('search').params, _meta: modern }, true],
  ])('D15 is %s', (_, params, noted) => {
    const body = { ...callTool('search', 7), params }
    const calls: unknown[] = []
    const tasks = {
      open: () => undefined,
      noteCall: (...call: readonly unknown[]) => void calls.push(call),
    } as unknown as CallerTasks
    const call = { req: { headers: {} }, body } as unknown as Call
    const messages = readMessages(body, { batch: 0, protocolVersion: undefined })
    expect(rewriteBody({} as GuardContext, call, { messages, tasks: () => tasks })).toBe(call)
    expect(calls).toEqual(noted ? [[7, 'search']] : [])
  })
})
