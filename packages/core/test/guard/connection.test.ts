import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closeConnection, connectionOf } from '../../src/guard/connection.js'
import { createConnectionAge } from '../../src/guard/connection-age.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function fake(kind: 'socket' | 'session') {
  const connection = Object.assign(new EventEmitter(), { destroy: vi.fn() })
  const gently = vi.fn()
  return {
    gently,
    connection: Object.assign(
      connection,
      kind === 'socket' ? { destroySoon: gently } : { close: gently },
    ),
  }
}

describe('closeConnection', () => {
  it.each(['socket', 'session'] as const)(
    'closes a %s gently, and by force a second later',
    (kind) => {
      const { connection, gently } = fake(kind)
      closeConnection(connection)
      expect(gently).toHaveBeenCalledOnce()
      vi.advanceTimersByTime(999)
      expect(connection.destroy).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(connection.destroy).toHaveBeenCalledOnce()
    },
  )

  it('leaves what has closed alone', () => {
    const { connection } = fake('socket')
    closeConnection(connection)
    connection.emit('close')
    vi.advanceTimersByTime(2_000)
    expect(connection.destroy).not.toHaveBeenCalled()
  })
})

function exchange(session?: EventEmitter) {
  const req = new IncomingMessage(new Socket())
  if (session) Object.assign(req, { stream: { session } })
  return { req, res: Object.assign(new ServerResponse(req), { shouldKeepAlive: true }) }
}

describe('connectionOf', () => {
  it('is the session over HTTP/2, else the socket', () => {
    const { connection } = fake('session')
    expect(connectionOf(exchange(connection).req as never)).toBe(connection)
    const { req } = exchange()
    expect(connectionOf(req)).toBe(req.socket)
  })
})

describe('the age of connections', () => {
  it('is not limited unless asked for', () => {
    const age = createConnectionAge(undefined)
    const { req, res } = exchange()
    age.note(req, res)
    vi.advanceTimersByTime(1e9)
    expect(age.isOver(req)).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('over HTTP/1 lets the answer after its end close the connection', () => {
    const age = createConnectionAge(10)
    const { req, res } = exchange()
    age.note(req, res)
    vi.advanceTimersByTime(9_999)
    age.note(req, res)
    expect([age.isOver(req), res.shouldKeepAlive]).toEqual([false, true])
    vi.advanceTimersByTime(1)
    age.note(req, res)
    expect([age.isOver(req), res.shouldKeepAlive]).toEqual([true, false])
  })

  it('over HTTP/2 lets the session take no more streams', () => {
    const age = createConnectionAge(10)
    const { connection, gently } = fake('session')
    const { req, res } = exchange(connection)
    age.note(req, res)
    age.note(req, res)
    vi.advanceTimersByTime(10_000)
    expect(gently).toHaveBeenCalledOnce()
  })

  it('keeps no timer for a connection that has closed', () => {
    const age = createConnectionAge(10)
    const { req, res } = exchange()
    age.note(req, res)
    req.socket.emit('close')
    expect(vi.getTimerCount()).toBe(0)
  })
})
