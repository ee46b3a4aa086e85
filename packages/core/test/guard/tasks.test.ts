import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { judge } from '../../src/guard/judge.js'
import { createSeals } from '../../src/guard/seals.js'
import { createTaskOwners } from '../../src/guard/task-owners.js'
import { type CallerTasks, createCallerTasks } from '../../src/guard/tasks.js'
import { type Message, readMessages } from '../../src/mcp/read-operations.js'
import { definePolicy } from '../../src/policy/define.js'
import { holderOf } from '../policy/peer.js'

const policy = definePolicy({
  version: 1,
  roles: { reader: { tools: ['search'], methods: ['acme/run'] }, other: { tools: ['deploy'] } },
})
const related = 'io.modelcontextprotocol/related-task'

interface Caller {
  readonly name?: string
  readonly role?: string
  readonly session?: string
  readonly querySession?: string
}

/** A guard's memory, and the tasks of callers of it. */
function createStage(place = 'here', taskOwners = createTaskOwners()) {
  const context = {
    seals: createSeals(['a secret of the tests, long enough.'], place),
    taskOwners,
    settings: { observing: false },
  } as unknown as GuardContext
  return (caller: Caller = {}): CallerTasks => {
    const { name = 'alice', role = 'reader', session, querySession } = caller
    const rawHeaders = session === undefined ? [] : ['Mcp-Session-Id', session]
    const principal = { ...holderOf(role), name }
    const req = { rawHeaders, headers: {} }
    return createCallerTasks(context, { req, principal, policy, querySession } as unknown as Call)
  }
}

function create(tasks: CallerTasks, taskId: string, tool = 'search'): string {
  tasks.noteCall(taskId, tool)
  const sealed = tasks.created(taskId, taskId)
  if (sealed === undefined) throw new Error('not created')
  return sealed
}

function read(method: string, params: object): Message {
  const body = { jsonrpc: '2.0', id: 1, method, params }
  const [message] = readMessages(body, { batch: 0, protocolVersion: undefined })
  if (message === undefined) throw new Error('nothing read')
  return message
}

describe('createCallerTasks', () => {
  it('D15 seals every id and tool so that its owner alone opens it, always the same way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (taskId, tool) => {
        const stage = createStage()
        const sealed = create(stage(), taskId, tool)
        expect(create(createStage()(), taskId, tool)).toBe(sealed)
        expect(stage().open(sealed)).toBe(taskId)
        const attributed = stage().attribute(read('tasks/get', { taskId: sealed }))
        expect(attributed.operations).toEqual([{ kind: 'tool', name: tool, args: undefined }])
        expect(stage({ name: 'mallory' }).open(sealed)).toBeUndefined()
        expect(createStage('elsewhere')().open(sealed)).toBeUndefined()
      }),
    )
  })

  it('D15 opens no seal of a session, no raw id and no broken seal', () => {
    const seals = createSeals(['a secret of the tests, long enough.'], 'here')
    const tasks = createStage()()
    const sealed = create(tasks, 'a')
    const session = seals.seal({ label: 'session', owner: 'alice', text: 'a.cw' })
    for (const id of [session, 'a', '', `${sealed}x`, sealed.slice(1), `b${sealed.slice(1)}`]) {
      expect(tasks.open(id)).toBeUndefined()
    }
  })

  it('D15 knows a task after it was created, opened or never, and for its owner alone', () => {
    const stage = createStage()
    expect(stage().known('a')).toBeUndefined()
    const sealed = create(stage(), 'a')
    expect(stage().known('a')).toBe(sealed)
    expect(stage({ name: 'mallory' }).known('a')).toBeUndefined()
    expect(stage({ name: 'mallory' }).visible('a')).toBeUndefined()
    const restarted = createStage()()
    expect(restarted.known('a')).toBeUndefined()
    restarted.open(sealed)
    expect(restarted.known('a')).toBe(sealed)
  })

  it('D15 knows a task the call itself named, whatever else has to be remembered meanwhile', () => {
    const full = createTaskOwners()
    const tasks = createStage('here', { ...full, remember: () => undefined })()
    const sealed = create(tasks, 'a')
    expect(tasks.known('a')).toBeUndefined()
    expect(tasks.open(sealed)).toBe('a')
    expect(tasks.known('a')).toBe(sealed)
  })

  it('D15 tells nobody of a task whose tool is not allowed any more', () => {
    const stage = createStage()
    const sealed = create(stage(), 'a', 'deploy')
    expect(stage().visible('a')).toBeUndefined()
    expect(stage().openVisible(sealed)).toBeUndefined()
    expect(stage({ role: 'other' }).visible('a')).toBe(sealed)
    expect(stage({ role: 'other' }).openVisible(sealed)).toBe('a')
  })

  it.each([{ session: 's' }, { querySession: 's' }])(
    'D15 attributes an answer that another stream of the session delivers: %j',
    (where) => {
      const stage = createStage()
      stage(where).noteCall(1, 'search')
      expect(stage(where).created('a', 1)).toMatch(/^a\./)
      for (const other of [{ ...where, name: 'mallory' }, { session: 'another' }, {}]) {
        expect(stage(other).created('b', 1)).toBeUndefined()
      }
      expect(stage(where).created('b', '1')).toBeUndefined()
      expect(stage(where).created('b', null)).toBeUndefined()
    },
  )

  it('D15 attributes nothing to two calls of different tools under one id of a session', () => {
    const stage = createStage()
    const first = stage({ session: 's' })
    const second = stage({ session: 's' })
    first.noteCall(1, 'search')
    second.noteCall(1, 'deploy')
    expect(first.created('a', 1)).toBeUndefined()
    expect(second.created('a', 1)).toBeUndefined()
  })
})

describe('the verdict on a task', () => {
  const stage = createStage()
  const mine = create(stage(), 'a')
  const withdrawn = create(stage(), 'b', 'deploy')
  const foreign = create(stage({ name: 'bob' }), 'c')

  it.each([
    ['tasks/get', { taskId: mine }, 'allow'],
    ['tasks/get', { taskId: withdrawn }, 'deny'],
    ['tasks/get', { taskId: foreign }, 'foreign'],
    ['tasks/get', { taskId: 'a' }, 'foreign'],
    ['tasks/list', {}, 'allow'],
    ['tools/call', { name: 'search', _meta: { [related]: { taskId: mine } } }, 'allow'],
    ['tools/call', { name: 'search', _meta: { [related]: { taskId: withdrawn } } }, 'deny'],
    ['tools/call', { name: 'search', _meta: { [related]: { taskId: foreign } } }, 'foreign'],
    ['tools/call', { name: 'deploy', _meta: { [related]: { taskId: foreign } } }, 'foreign'],
    ['acme/run', { _meta: { [related]: { taskId: mine } } }, 'allow'],
    ['acme/run', { _meta: { [related]: { taskId: foreign } } }, 'foreign'],
    ['acme/other', { _meta: { [related]: { taskId: foreign } } }, 'unknown'],
  ])('D15 of %s %j is: %s', (method, params, effect) => {
    const message = stage().attribute(read(method, params))
    expect(judge(policy, holderOf('reader'), message).effect).toBe(effect)
  })
})
