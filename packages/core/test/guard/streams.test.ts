import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
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
      expect(streams[question]()).toEqual([error])
      expect(closed.tenure[question]).not.toHaveBeenCalled()
      expect(second.tenure[question]).toHaveBeenCalledExactlyOnceWith(second.fail)
    },
  )
})
