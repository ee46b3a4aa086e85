import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Call, GuardContext } from '../../src/guard/context.js'
import { readOptions } from '../../src/guard/read-options.js'
import { receiveBody } from '../../src/guard/receive-body.js'
import { holderOf } from '../policy/peer.js'
import { callTool, policy } from './stage.js'

const context = { settings: readOptions({ policy, limits: { depth: 3 } }) } as GuardContext

/** A request whose body arrives, or was read by a parser of the application. */
async function request(body: unknown, parsed?: unknown): Promise<Call> {
  const req = new IncomingMessage(new Socket())
  req.method = 'POST'
  req.rawHeaders = ['Content-Type', 'application/json']
  req.headers = { 'content-type': 'application/json' }
  req.push(JSON.stringify(body))
  req.push(null)
  if (parsed !== undefined) {
    for await (const _chunk of req);
    Object.assign(req, { body: parsed })
  }
  const res = new ServerResponse(req)
  const principal = holderOf('reader')
  return { req, res, principal, policy, body: undefined, querySession: undefined }
}

const call = callTool('search')

describe('receiveBody', () => {
  it('reads what arrives, and leaves it for whoever reads next', async () => {
    const received = await receiveBody(context, await request(call))
    expect(received.body).toEqual(call)
    expect(received.req).toMatchObject({ body: call, rawBody: Buffer.from(JSON.stringify(call)) })
  })

  it('D03 takes the very object that a parser of the application left', async () => {
    const parsed = structuredClone(call)
    const given = await request({ other: 'text' }, parsed)
    const received = await receiveBody(context, given)
    expect(received).toEqual({ ...given, body: parsed })
    expect(received.body).toBe(parsed)
  })

  it.each([{ a: { b: { c: {} } } }, 'text', JSON.parse('{"__proto__":1}')])(
    'D03 refuses what it would not have parsed so itself: %j',
    async (parsed) => {
      const given = await request({}, parsed)
      await expect((async () => receiveBody(context, given))()).rejects.toMatchObject({
        name: 'RequestError',
      })
    },
  )

  it.each(['GET', 'DELETE', undefined])('reads no body of %s', async (method) => {
    const given = await request(call)
    Object.assign(given.req, { method })
    expect(await receiveBody(context, given)).toBe(given)
    expect(given.req.readableDidRead).toBe(false)
  })
})
