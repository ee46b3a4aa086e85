import { describe, expect, it } from 'vitest'
import { createTaskOwners } from '../../src/guard/task-owners.js'

const call = { owner: 'a', session: 's', id: 1 }

describe('createTaskOwners', () => {
  it('D15 keeps owners and ids apart that run together when written one after the other', () => {
    const owners = createTaskOwners()
    owners.remember('a', 'b', 'tool')
    expect(owners.toolOf('a', 'b')).toBe('tool')
    for (const [owner, taskId] of [
      ['a', 'c'],
      ['b', 'b'],
      ['ab', ''],
      ['', 'ab'],
    ] as const) {
      expect(owners.toolOf(owner, taskId)).toBeUndefined()
    }
  })

  it('D15 forgets the task used least recently, and only that, when it is full', () => {
    const owners = createTaskOwners()
    owners.remember('a', 'first', 'tool')
    owners.remember('a', 'second', 'tool')
    owners.toolOf('a', 'first')
    for (let index = 0; index < 9_999; index++) owners.remember('b', String(index), 'tool')
    expect(owners.toolOf('a', 'first')).toBe('tool')
    expect(owners.toolOf('a', 'second')).toBeUndefined()
  })

  it('D15 holds no more text than its bound, however long ids and names are', () => {
    const owners = createTaskOwners()
    const megabyte = 'x'.repeat(1_000_000)
    for (let index = 0; index < 20; index++) {
      owners.noteCall({ ...call, id: `${index}${megabyte}` }, 'tool')
      owners.remember('a', String(index), `${index}${megabyte}`)
    }
    const kept = Array.from({ length: 20 }, (_, index) => index)
    const calls = kept.filter((index) => owners.calledTool({ ...call, id: `${index}${megabyte}` }))
    expect(calls).toEqual(kept.slice(-8))
    expect(kept.filter((index) => owners.toolOf('a', String(index)))).toEqual(kept.slice(-8))
  })

  it('D15 remembers a tool whose name is longer than all the rest', () => {
    const owners = createTaskOwners()
    const tool = 'x'.repeat(1000)
    owners.noteCall(call, tool)
    owners.remember('a', 'b', tool)
    expect([owners.calledTool(call), owners.toolOf('a', 'b')]).toEqual([tool, tool])
  })

  it('D15 tells the tool of a call by owner, session and id', () => {
    const owners = createTaskOwners()
    owners.noteCall(call, 'tool')
    expect(owners.calledTool(call)).toBe('tool')
    for (const other of [{ owner: 'b' }, { session: 't' }, { id: 2 }, { id: '1' }]) {
      expect(owners.calledTool({ ...call, ...other })).toBeUndefined()
    }
  })

  it('D15 cannot tell the tool of two calls with one id, whatever comes after them', () => {
    const owners = createTaskOwners()
    owners.noteCall(call, 'tool')
    owners.noteCall(call, 'tool')
    expect(owners.calledTool(call)).toBe('tool')
    owners.noteCall(call, 'other')
    expect(owners.calledTool(call)).toBeNull()
    owners.noteCall(call, 'tool')
    expect(owners.calledTool(call)).toBeNull()
  })
})
