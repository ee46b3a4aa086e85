import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createStreams, type Streams } from '../../src/guard/streams.js'

function open(streams: Streams) {
  const res = new ServerResponse(new IncomingMessage(new Socket()))
  const fail = vi.fn()
  const tenure = { isRevoked: () => false, review: vi.fn(), verify: vi.fn() }
  streams.add(res, { fail }, () => tenure)
  return { res, fail, tenure }
}

describe('createStreams', () => {
  it('gives up one response, and no other', () => {
    const streams = createStreams()
    const [first, second] = [open(streams), open(streams)]
    streams.fail(first.res)
    expect(first.fail).toHaveBeenCalledOnce()
    expect(second.fail).not.toHaveBeenCalled()
  })

  it('gives every open response up at its end, once', () => {
    const streams = createStreams()
    const opened = [open(streams), open(streams)]
    streams.end()
    streams.end()
    for (const { fail } of opened) expect(fail).toHaveBeenCalledOnce()
  })

  it('forgets a response that has closed', () => {
    const streams = createStreams()
    const [closed, other] = [open(streams), open(streams)]
    closed.res.emit('close')
    streams.fail(closed.res)
    streams.end()
    expect(closed.fail).not.toHaveBeenCalled()
    expect(other.fail).toHaveBeenCalledOnce()
  })

  it.each(['review', 'verify'] as const)(
    'asks every open response to %s, and tells what threw',
    (question) => {
      const streams = createStreams()
      const [closed, first, second] = [open(streams), open(streams), open(streams)]
      closed.res.emit('close')
      const error = new Error('the sink failed')
      first.tenure[question].mockImplementation(() => {
        throw error
      })
      expect([...streams[question]()].filter((thrown) => thrown !== undefined)).toEqual([error])
      expect(closed.tenure[question]).not.toHaveBeenCalled()
      expect(second.tenure[question]).toHaveBeenCalledExactlyOnceWith(second.fail)
    },
  )

  it('asks those that are open, and no other, whatever opened and closed before and how often', () => {
    const change = fc.nat({ max: 20 })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const streams = createStreams()
        const { still, closed } = replay(streams, changes)
        expect([...streams.verify()]).toHaveLength(still.length)
        streams.end()
        for (const { tenure, fail } of still) {
          expect([tenure.verify.mock.calls.length, fail.mock.calls.length]).toEqual([1, 1])
        }
        for (const { tenure, fail } of closed) {
          expect([tenure.verify.mock.calls.length, fail.mock.calls.length]).toEqual([0, 0])
        }
      }),
    )
  })

  it('skips nobody where others close between two of its steps', () => {
    const streams = createStreams()
    const [first, second, third, fourth] = [
      open(streams),
      open(streams),
      open(streams),
      open(streams),
    ]
    for (const _ of streams.verify()) first.res.emit('close')
    for (const { tenure } of [second, third, fourth]) expect(tenure.verify).toHaveBeenCalledOnce()
    let steps = 0
    for (const _ of streams.verify()) {
      steps += 1
      third.res.emit('close')
    }
    expect(steps).toBe(2)
    expect(third.tenure.verify).toHaveBeenCalledOnce()
  })

  it('goes on after its end as before', () => {
    const streams = createStreams()
    const [before, later] = [open(streams), open(streams)]
    streams.end()
    const after = open(streams)
    before.res.emit('close')
    later.res.emit('close')
    expect([...streams.verify()]).toHaveLength(1)
    expect(after.tenure.verify).toHaveBeenCalledOnce()
  })
})

/** Opens a response for each number that names none yet, and closes the one it names. */
function replay(streams: Streams, changes: readonly number[]) {
  const opened: ReturnType<typeof open>[] = []
  const closed = new Set<ReturnType<typeof open>>()
  for (const change of changes) {
    const one = opened[change]
    if (one === undefined) opened.push(open(streams))
    else closed.add(one)
    one?.res.emit('close')
  }
  return { still: opened.filter((one) => !closed.has(one)), closed }
}
